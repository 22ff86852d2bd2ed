"""Metrics, their label sets and points, and the questions that are asked of them."""

from metrics.models.metric import Aggregation, Direction, Grain, Metric, check_key
from metrics.models.points import Bucket, LabelSet, Point, begins, buckets, dimensions_of, newest, points_of

__all__ = [
    "Aggregation",
    "Bucket",
    "Direction",
    "Grain",
    "LabelSet",
    "Metric",
    "Point",
    "begins",
    "buckets",
    "check_key",
    "dimensions_of",
    "newest",
    "points_of",
]
