"""The audit that the database itself keeps: triggers write each change of a small table into a table beside it."""

from typing import Any

import pghistory


def every_change(**what: Any) -> Any:
    """Every insert, update and delete of these rows goes into the audit. Only for small tables that people edit."""
    return pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), **what)
