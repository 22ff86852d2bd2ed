"""Processes drawn: one SVG for screen and paper."""

from processes.charts.drawings import drawn_map
from processes.charts.maps import Flow, Step, draw_map
from processes.charts.measured import brief, measured_map
from processes.charts.redesigns import change_text, redesign_row
from processes.charts.sentences import cause_bar, cause_rows, segment_text, sentences_of, structure_sentences

__all__ = [
    "Flow", "Step", "brief", "cause_bar", "cause_rows", "change_text", "draw_map", "drawn_map", "measured_map", "redesign_row", "segment_text",
    "sentences_of", "structure_sentences",
]  # fmt: skip
