"""Metrics on screen."""

from metrics.views.changing import add_value, archive_metric, change_metric, create_metric, restore_metric
from metrics.views.files import import_run, new_import
from metrics.views.lists import front, metric_list
from metrics.views.metric import metric
from metrics.views.trades import trade, trade_list
from metrics.views.trees import (
    fact_sheet,
    metric_tree,
    move_on_front,
    name_north_star,
    pin_metric,
    set_driver,
    unpin_metric,
)

__all__ = [
    "add_value",
    "archive_metric",
    "change_metric",
    "create_metric",
    "fact_sheet",
    "front",
    "import_run",
    "metric",
    "metric_list",
    "metric_tree",
    "move_on_front",
    "name_north_star",
    "new_import",
    "pin_metric",
    "restore_metric",
    "set_driver",
    "trade",
    "trade_list",
    "unpin_metric",
]
