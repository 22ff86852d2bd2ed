"""What people see drawn of metrics."""

from metrics.charts.metric import (
    MOST_EXPLORED,
    MOST_LINES,
    change_text,
    explored,
    labels_text,
    large,
    lines,
    on_page,
    small,
    value_text,
)

__all__ = [
    "MOST_EXPLORED",
    "MOST_LINES",
    "change_text",
    "explored",
    "labels_text",
    "large",
    "lines",
    "on_page",
    "small",
    "value_text",
]
