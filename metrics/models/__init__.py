"""Metrics, their label sets and points, and the questions that are asked of them."""

from metrics.models.metric import Aggregation, Direction, Grain, Metric, check_key
from metrics.models.points import Bucket, LabelSet, Point, begins, buckets, dimensions_of, newest, points_of
from metrics.models.trees import Influence, Kind, Sign
from metrics.models.waiting import Clock, WaitingItem, WaitingList

__all__ = [
    "Aggregation",
    "Bucket",
    "Clock",
    "Direction",
    "Grain",
    "Influence",
    "Kind",
    "LabelSet",
    "Metric",
    "Point",
    "Sign",
    "WaitingItem",
    "WaitingList",
    "begins",
    "buckets",
    "check_key",
    "dimensions_of",
    "newest",
    "points_of",
]
