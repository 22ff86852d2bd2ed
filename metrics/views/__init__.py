"""Metrics on screen."""

from metrics.views.annotations import annotate, annotation_list, change_annotation, delete_annotation
from metrics.views.arranging import (
    add_tile,
    change_dashboard,
    change_tile,
    create_dashboard,
    delete_dashboard,
    duplicate_dashboard,
    first_dashboard,
    move_dashboard,
    move_tile,
    preview_tile,
    remove_tile,
    restore_dashboard,
    set_favourite,
    step_layout,
)
from metrics.views.changing import archive_metric, change_metric, create_metric, restore_metric
from metrics.views.dashboards import dashboard, dashboard_list, tile, wall
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
from metrics.views.pictures import picture
from metrics.views.places import places, remove_place
from metrics.views.rates import rates, remove_rate
from metrics.views.raw import new_raw_import, raw_import
from metrics.views.sharing import link_list, revoke_link, shared_dashboard, shared_picture
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
from metrics.views.values import add_value, change_value, delete_value, value_list, value_there
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
    "add_tile",
    "add_value",
    "annotate",
    "annotation_list",
    "answer_level",
    "archive_metric",
    "archive_waiting_list",
    "change_annotation",
    "change_dashboard",
    "change_metric",
    "change_movement",
    "change_tile",
    "change_value",
    "change_waiting_list",
    "close_item",
    "create_dashboard",
    "create_metric",
    "create_waiting_list",
    "dashboard",
    "dashboard_list",
    "delete_annotation",
    "delete_dashboard",
    "delete_value",
    "duplicate_dashboard",
    "fact_sheet",
    "first_dashboard",
    "front",
    "import_run",
    "link_list",
    "margin",
    "metric",
    "metric_list",
    "metric_tree",
    "move_dashboard",
    "move_on_front",
    "move_tile",
    "movement",
    "movement_list",
    "name_north_star",
    "new_import",
    "new_raw_import",
    "new_waiting_import",
    "open_item",
    "open_movement_action",
    "picture",
    "pin_metric",
    "places",
    "preview_tile",
    "rates",
    "raw_import",
    "remove_place",
    "remove_rate",
    "remove_tile",
    "restore_dashboard",
    "restore_metric",
    "revoke_link",
    "set_driver",
    "set_favourite",
    "shared_dashboard",
    "shared_picture",
    "step_layout",
    "tile",
    "trade",
    "trade_list",
    "unpin_metric",
    "value_list",
    "value_there",
    "waiting_import",
    "waiting_list",
    "waiting_lists",
    "wall",
    "why",
    "write_movement",
]
