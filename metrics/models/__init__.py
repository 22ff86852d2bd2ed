"""Metrics, their label sets and points, and the questions that are asked of them."""

from metrics.models.buckets import Bucket, begins_after, bucket_sql
from metrics.models.drilling import Hours, Stretch, by_hours, by_labels
from metrics.models.freshness import STATES, Freshness, end_of, feeding, freshness
from metrics.models.journal import Level, Movement, Verdict
from metrics.models.metric import Aggregation, Direction, Grain, Metric, check_key
from metrics.models.points import LabelSet, Point, begins, dimensions_of, points_of
from metrics.models.reading import buckets, newest, newest_both, revised_since, versions
from metrics.models.sources import Every, Origin, Pull, Source, Turn
from metrics.models.stored import Latest, Operand, Pulse, Revision, Rollup, Span
from metrics.models.trees import Influence, Kind, Sign
from metrics.models.waiting import Clock, Waiting, WaitingItem, WaitingList, waiting_in

__all__ = [
    "STATES",
    "Aggregation",
    "Bucket",
    "Clock",
    "Direction",
    "Every",
    "Freshness",
    "Grain",
    "Hours",
    "Influence",
    "Kind",
    "LabelSet",
    "Latest",
    "Level",
    "Metric",
    "Movement",
    "Operand",
    "Origin",
    "Point",
    "Pull",
    "Pulse",
    "Revision",
    "Rollup",
    "Sign",
    "Source",
    "Span",
    "Stretch",
    "Turn",
    "Verdict",
    "Waiting",
    "WaitingItem",
    "WaitingList",
    "begins",
    "begins_after",
    "bucket_sql",
    "buckets",
    "by_hours",
    "by_labels",
    "check_key",
    "dimensions_of",
    "end_of",
    "feeding",
    "freshness",
    "newest",
    "newest_both",
    "points_of",
    "revised_since",
    "versions",
    "waiting_in",
]
