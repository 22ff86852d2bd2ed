"""Alerts: a number that crosses its threshold speaks up while it can still be helped, once, to the right people."""
