"""Figures of speed, each beside its floor or peer measured in the same run."""
