"""The weekly review: what moved, what was decided, which one or two fixes come next."""
