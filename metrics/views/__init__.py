"""Metrics on screen."""

from metrics.views.changing import add_value, archive_metric, change_metric, create_metric, restore_metric
from metrics.views.drivers import why
from metrics.views.files import import_run, new_import
from metrics.views.journal import (
    answer_level,
    change_movement,
    margin,
    movement,
    movement_list,
    open_movement_action,
    write_movement,
)
from metrics.views.lists import front, metric_list
from metrics.views.metric import metric
from metrics.views.rates import rates, remove_rate
from metrics.views.raw import new_raw_import, raw_import
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
from metrics.views.waiting import (
    archive_waiting_list,
    change_waiting_list,
    close_item,
    create_waiting_list,
    new_waiting_import,
    open_item,
    waiting_import,
    waiting_list,
    waiting_lists,
)

__all__ = [
    "add_value",
    "answer_level",
    "archive_metric",
    "archive_waiting_list",
    "change_metric",
    "change_movement",
    "change_waiting_list",
    "close_item",
    "create_metric",
    "create_waiting_list",
    "fact_sheet",
    "front",
    "import_run",
    "margin",
    "metric",
    "metric_list",
    "metric_tree",
    "move_on_front",
    "movement",
    "movement_list",
    "name_north_star",
    "new_import",
    "new_raw_import",
    "new_waiting_import",
    "open_item",
    "open_movement_action",
    "pin_metric",
    "rates",
    "raw_import",
    "remove_rate",
    "restore_metric",
    "set_driver",
    "trade",
    "trade_list",
    "unpin_metric",
    "waiting_import",
    "waiting_list",
    "waiting_lists",
    "why",
    "write_movement",
]
