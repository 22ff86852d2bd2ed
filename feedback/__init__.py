"""Feedback: what the front line and the customers say, and what was done about it."""
