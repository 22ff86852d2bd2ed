"""What can be done with metrics: create, change, archive; write points; bring a file in."""

from metrics.services.files import POINTS, import_settings
from metrics.services.keeping import archive_metric, change_metric, create_metric, key_from, restore_metric
from metrics.services.trades import TRADES, furnish_trade
from metrics.services.trees import (
    MOST_ON_FRONT,
    hang_under,
    move_on_front,
    name_north_star,
    pin_metric,
    take_off_tree,
    unpin_metric,
)
from metrics.services.writing import Given, Written, add_value, write_points

__all__ = [
    "MOST_ON_FRONT",
    "POINTS",
    "TRADES",
    "Given",
    "Written",
    "add_value",
    "archive_metric",
    "change_metric",
    "create_metric",
    "furnish_trade",
    "hang_under",
    "import_settings",
    "key_from",
    "move_on_front",
    "name_north_star",
    "pin_metric",
    "restore_metric",
    "take_off_tree",
    "unpin_metric",
    "write_points",
]
