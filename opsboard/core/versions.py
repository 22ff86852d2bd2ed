"""Saving what somebody else may have changed meanwhile: compare the version, then set.

Every row that people edit has a ``version`` (``models.Versioned``). The form carries the version that its text was read
at; a save against a newer row is refused and the page shows both texts (HTTP 409), so that nobody overwrites a
colleague without knowing.
"""

from typing import Any

from django.db.models import F, Model, QuerySet


class StaleVersion(Exception):
    """The row was changed since it was read. ``current`` is the row as it is now, ``changes`` what was to be written."""

    def __init__(self, current: Model, version: int, changes: dict[str, Any]) -> None:
        self.current = current
        self.version = version
        self.changes = changes
        super().__init__(f"{current._meta.label} {current.pk} is no longer at version {version}")

    @property
    def current_version(self) -> int:
        """The version that a save on top of the current row has to name."""
        version: int = getattr(self.current, "version", 0)
        return version


def compare_and_set[M: Model](queryset: "QuerySet[M]", pk: Any, version: int, /, **changes: Any) -> int:
    """Write ``changes`` to the row ``pk`` if it still is at ``version``, and return its new version. One statement.

    Raises ``StaleVersion`` when somebody was faster, and the model's ``DoesNotExist`` when the row isn't (any longer)
    among ``queryset``. The caller has validated the changes: an UPDATE asks no model.
    """
    if queryset.filter(pk=pk, version=version).update(**changes, version=F("version") + 1):
        return version + 1
    # get() raises DoesNotExist: gone, or never visible to whoever asked.
    raise StaleVersion(queryset.get(pk=pk), version, changes)
