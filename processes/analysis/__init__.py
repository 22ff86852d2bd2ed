"""Sums of processes: event logs, drawings, forecasts."""
