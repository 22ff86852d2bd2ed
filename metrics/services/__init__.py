"""What can be done with metrics: create, change, archive; write points; bring a file in."""

from metrics.services.files import POINTS, import_settings
from metrics.services.keeping import archive_metric, change_metric, create_metric, key_from, restore_metric
from metrics.services.writing import Given, Written, add_value, write_points

__all__ = [
    "POINTS",
    "Given",
    "Written",
    "add_value",
    "archive_metric",
    "change_metric",
    "create_metric",
    "import_settings",
    "key_from",
    "restore_metric",
    "write_points",
]
