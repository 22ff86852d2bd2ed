"""Processes drawn: one SVG for screen and paper."""

from processes.charts.maps import Flow, Step, draw_map

__all__ = ["Flow", "Step", "draw_map"]
