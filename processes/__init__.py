"""Processes: see how the work really flows, why it waits, and what a change would bring."""
