"""Sums of processes: pure functions over frames, arrays and plain rows."""

from processes.analysis.attributes import attribute_words, frame_of, numbered, settled
from processes.analysis.discovery import (
    MAP_COLUMNS,
    WORKTIME_COLUMNS,
    Activity,
    Arc,
    Case,
    ProcessMap,
    Rework,
    Variant,
    cases,
    process_map,
    rework,
    simplified,
    variants,
)
from processes.analysis.facts import VIEWS, NoView, as_text, facts_of, viewed
from processes.analysis.filters import BadFilter, Filter, filtered
from processes.analysis.logs import MOST_ACTIVITIES, Log, Trouble, grown, log_from, read, write
from processes.analysis.looks import LOOK_COLUMNS, Look, look
from processes.analysis.measured import measured
from processes.analysis.redesigns import Real, real_change
from processes.analysis.segments import segments
from processes.analysis.stories import Story, stories
from processes.analysis.xes import Read, looks_like_xes, read_xes

__all__ = [
    "LOOK_COLUMNS", "MAP_COLUMNS", "MOST_ACTIVITIES", "VIEWS", "WORKTIME_COLUMNS", "Activity", "Arc", "BadFilter", "Case", "Filter",
    "Log", "Look", "NoView", "ProcessMap", "Read", "Real", "Rework", "Story", "Trouble", "Variant", "as_text", "attribute_words", "cases", "facts_of", "filtered", "frame_of",
    "grown", "log_from", "look", "looks_like_xes", "measured", "numbered", "process_map", "read", "read_xes", "real_change", "rework", "segments", "settled",
    "simplified", "stories", "variants", "viewed", "write",
]  # fmt: skip
