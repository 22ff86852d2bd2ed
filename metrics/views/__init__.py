"""Metrics on screen."""

from metrics.views.changing import add_value, archive_metric, change_metric, create_metric, restore_metric
from metrics.views.files import import_run, new_import
from metrics.views.lists import metric_list
from metrics.views.metric import metric

__all__ = [
    "add_value",
    "archive_metric",
    "change_metric",
    "create_metric",
    "import_run",
    "metric",
    "metric_list",
    "new_import",
    "restore_metric",
]
