from typing import Any

import pytest

from opsboard.core.versions import StaleVersion, compare_and_set


class Gone(Exception):
    """What get() raises when there is no such row."""


class Meta:
    label = "risks.Risk"


class Row:
    _meta = Meta

    def __init__(self, pk: int, version: int, title: str) -> None:
        self.pk, self.version, self.title = pk, version, title


class Rows:
    """A table of one row that answers like a queryset, so that the test needs no database."""

    def __init__(self, row: Row, chosen: bool = True) -> None:
        self.row, self.chosen = row, chosen

    def filter(self, *, pk: int, version: int) -> "Rows":
        return Rows(self.row, chosen=(self.row.pk, self.row.version) == (pk, version))

    def update(self, *, title: str, version: Any) -> int:
        assert str(version) == "F(version) + Value(1)"
        if not self.chosen:
            return 0
        self.row.title, self.row.version = title, self.row.version + 1
        return 1

    def get(self, *, pk: int) -> Row:
        if pk != self.row.pk:
            raise Gone
        return self.row


def save(rows: Rows, pk: int, version: int, **changes: Any) -> int:
    return compare_and_set(rows, pk, version, **changes)  # type: ignore[arg-type]


def test_a_save_at_the_present_version_is_written() -> None:
    row = Row(7, 3, "old")
    assert save(Rows(row), 7, 3, title="new") == 4
    assert (row.title, row.version) == ("new", 4)


def test_a_stale_save_is_refused_with_both_texts() -> None:
    row = Row(7, 4, "theirs")
    with pytest.raises(StaleVersion) as stale:
        save(Rows(row), 7, 3, title="mine")
    assert stale.value.current.pk == 7
    assert stale.value.current_version == 4
    assert stale.value.changes == {"title": "mine"}
    assert row.title == "theirs"


def test_a_row_that_is_gone_is_not_a_stale_one() -> None:
    with pytest.raises(Gone):
        save(Rows(Row(7, 3, "old")), 8, 3, title="new")
