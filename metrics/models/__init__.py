"""Metrics, their label sets and points, and the questions that are asked of them."""

from metrics.models.annotations import Annotation, Sort
from metrics.models.buckets import FINE, Bucket, bucket_sql
from metrics.models.courses import Course, Shown
from metrics.models.dashboards import Compare, Dashboard, Favourite, ShareLink, dashboard_for, favourite_for
from metrics.models.drilling import Hours, Stretch, by_hours, by_labels
from metrics.models.freshness import STATES, Freshness, end_of, feeding, freshness
from metrics.models.journal import LONGEST, Level, Movement, Verdict
from metrics.models.looks import Look, look_back
from metrics.models.marks import Marks, marks_of
from metrics.models.measures import Measure, measure_of, measures_of
from metrics.models.metric import Aggregation, Direction, Grain, Metric, check_key
from metrics.models.places import Place
from metrics.models.points import LabelSet, Point, begins, begins_after, dimensions_of, label_sets_of, points_of
from metrics.models.reading import buckets, newest, newest_both, revised_since, versions
from metrics.models.sources import Every, Origin, Pull, Source, Turn
from metrics.models.stored import Latest, Operand, Pulse, Revision, Rollup, Span
from metrics.models.tile_values import read_tiles
from metrics.models.tiles import Tile, TileKind, tiles_in
from metrics.models.trees import Influence, Kind, Sign
from metrics.models.waiting import Clock, Waiting, WaitingItem, WaitingList, waiting_in

__all__ = [
    "FINE",
    "LONGEST",
    "STATES",
    "Aggregation",
    "Annotation",
    "Bucket",
    "Clock",
    "Compare",
    "Course",
    "Dashboard",
    "Direction",
    "Every",
    "Favourite",
    "Freshness",
    "Grain",
    "Hours",
    "Influence",
    "Kind",
    "LabelSet",
    "Latest",
    "Level",
    "Look",
    "Marks",
    "Measure",
    "Metric",
    "Movement",
    "Operand",
    "Origin",
    "Place",
    "Point",
    "Pull",
    "Pulse",
    "Revision",
    "Rollup",
    "ShareLink",
    "Shown",
    "Sign",
    "Sort",
    "Source",
    "Span",
    "Stretch",
    "Tile",
    "TileKind",
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
    "dashboard_for",
    "dimensions_of",
    "end_of",
    "favourite_for",
    "feeding",
    "freshness",
    "label_sets_of",
    "look_back",
    "marks_of",
    "measure_of",
    "measures_of",
    "newest",
    "newest_both",
    "points_of",
    "read_tiles",
    "revised_since",
    "tiles_in",
    "versions",
    "waiting_in",
]
