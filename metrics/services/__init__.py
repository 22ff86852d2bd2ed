"""What can be done with metrics: create, change, archive; write points; bring a file in."""

from metrics.services.calculating import sentence, users_of
from metrics.services.deriving import roll_up, worth_rolling
from metrics.services.files import POINTS, import_settings
from metrics.services.keeping import archive_metric, change_metric, create_metric, key_from, restore_metric
from metrics.services.partitions import keep_partitions
from metrics.services.presets import ORDER_FILES, PARCEL_FILES, check_preset, importer_for
from metrics.services.pulling import (
    change_source,
    create_source,
    delete_source,
    look,
    map_columns,
    pause_source,
    read_source,
    resume_source,
    secret_of,
    settle,
    start_due,
    start_pull,
    written_from,
)
from metrics.services.rates import no_rate_text, remove_rate, set_rate
from metrics.services.raw_files import KPIS, RAW
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
from metrics.services.waiting import (
    Item,
    Taken,
    archive_waiting_list,
    change_waiting_list,
    create_waiting_list,
    take_in,
)
from metrics.services.waiting_files import WAITING
from metrics.services.writing import Given, Written, add_value, write_points

__all__ = [
    "KPIS",
    "MOST_ON_FRONT",
    "ORDER_FILES",
    "PARCEL_FILES",
    "POINTS",
    "RAW",
    "TRADES",
    "WAITING",
    "Given",
    "Item",
    "Taken",
    "Written",
    "add_value",
    "archive_metric",
    "archive_waiting_list",
    "change_metric",
    "change_source",
    "change_waiting_list",
    "check_preset",
    "create_metric",
    "create_source",
    "create_waiting_list",
    "delete_source",
    "furnish_trade",
    "hang_under",
    "import_settings",
    "importer_for",
    "keep_partitions",
    "key_from",
    "look",
    "map_columns",
    "move_on_front",
    "name_north_star",
    "no_rate_text",
    "pause_source",
    "pin_metric",
    "read_source",
    "remove_rate",
    "restore_metric",
    "resume_source",
    "roll_up",
    "secret_of",
    "sentence",
    "set_rate",
    "settle",
    "start_due",
    "start_pull",
    "take_in",
    "take_off_tree",
    "unpin_metric",
    "users_of",
    "worth_rolling",
    "write_points",
    "written_from",
]
