"""The points' table in parts by time: months for the last two years and the coming ones, years before, and one for the rest.

So that an import into this month touches small indexes, and a question about a quarter reads four parts.
"""
# ruff: noqa: S608 - every name in these statements is our own

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper

TABLE = "metrics_point"
REST = f"{TABLE}_rest"
MONTHS_AHEAD = 3
MONTHLY_YEARS = 2  # whole years before this one that are kept by the month
YEARS = 10  # made beforehand; older ones when there are points of them


@dataclass(frozen=True, order=True)
class Part:
    """A part of the table; `end` is out. Its name says its time: metrics_point_2026, metrics_point_2026_11."""

    start: date
    end: date

    @property
    def name(self) -> str:
        whole = self.start.month == 1 and self.end == date(self.start.year + 1, 1, 1)
        return f"{TABLE}_{self.start:%Y}" if whole else f"{TABLE}_{self.start:%Y_%m}"

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        return datetime(*self.start.timetuple()[:3], tzinfo=UTC), datetime(*self.end.timetuple()[:3], tzinfo=UTC)


def month_of(day: date) -> Part:
    return Part(date(day.year, day.month, 1), date(day.year + day.month // 12, day.month % 12 + 1, 1))


def year_of(day: date) -> Part:
    return Part(date(day.year, 1, 1), date(day.year + 1, 1, 1))


def first_monthly_year(today: date) -> int:
    return today.year - MONTHLY_YEARS


def wanted(today: date) -> list[Part]:
    """The parts that should be there today, from the oldest on."""
    parts = [year_of(date(year, 1, 1)) for year in range(first_monthly_year(today) - YEARS, first_monthly_year(today))]
    month = month_of(date(first_monthly_year(today), 1, 1))
    last = today
    for _ahead in range(MONTHS_AHEAD):
        last = month_of(last).end
    while month.start <= last:
        parts.append(month)
        month = month_of(month.end)
    return parts


def part_for(day: date, today: date) -> Part:
    """The part in which a day's points should lie."""
    return month_of(day) if day.year >= first_monthly_year(today) else year_of(day)


def existing() -> list[Part]:
    """The parts that are there, from the oldest on; without the one for the rest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = %s::regclass AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'",
            [TABLE],
        )
        bounds = [text.split("'") for (text,) in cursor.fetchall()]
    return sorted(Part(date.fromisoformat(one[1][:10]), date.fromisoformat(one[3][:10])) for one in bounds)


def create_table(cursor: CursorWrapper, today: date) -> None:
    """The points' table in parts, in place of the plain one that a migration made; while it is empty."""
    cursor.execute(f"ALTER TABLE {TABLE} RENAME TO {TABLE}_plain")
    cursor.execute(f"CREATE TABLE {TABLE} (LIKE {TABLE}_plain INCLUDING CONSTRAINTS) PARTITION BY RANGE (at)")
    cursor.execute(f"DROP TABLE {TABLE}_plain")
    cursor.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (label_set_id, at)")
    cursor.execute(f"CREATE INDEX {TABLE}_at ON {TABLE} USING brin (at)")
    cursor.execute(f"CREATE TABLE {REST} PARTITION OF {TABLE} DEFAULT")
    for part in wanted(today):
        attach(cursor, part)


def attach(cursor: CursorWrapper, part: Part) -> int:
    """Make a part, and move into it what lies in the rest; how many points that were."""
    start, end = part.bounds
    cursor.execute(f"CREATE TABLE {part.name} (LIKE {TABLE} INCLUDING CONSTRAINTS)")
    cursor.execute(
        f"WITH moved AS (DELETE FROM {REST} WHERE at >= %s AND at < %s RETURNING *) "
        f"INSERT INTO {part.name} SELECT * FROM moved",
        [start, end],
    )
    moved: int = cursor.rowcount
    cursor.execute(
        f"ALTER TABLE {TABLE} ATTACH PARTITION {part.name} FOR VALUES FROM ('{start:%Y-%m-%d} 00:00:00+00') "
        f"TO ('{end:%Y-%m-%d} 00:00:00+00')"
    )
    return moved


def merge_year(cursor: CursorWrapper, months: list[Part]) -> None:
    """The months of a year as one part."""
    year = year_of(months[0].start)
    start, end = year.bounds
    for month in months:
        cursor.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {month.name}")
    cursor.execute(f"CREATE TABLE {year.name} (LIKE {TABLE} INCLUDING CONSTRAINTS)")
    for month in months:
        cursor.execute(f"INSERT INTO {year.name} SELECT * FROM {month.name}")
        cursor.execute(f"DROP TABLE {month.name}")
    cursor.execute(
        f"WITH moved AS (DELETE FROM {REST} WHERE at >= %s AND at < %s RETURNING *) "
        f"INSERT INTO {year.name} SELECT * FROM moved",
        [start, end],
    )
    cursor.execute(
        f"ALTER TABLE {TABLE} ATTACH PARTITION {year.name} FOR VALUES FROM ('{start:%Y-%m-%d} 00:00:00+00') "
        f"TO ('{end:%Y-%m-%d} 00:00:00+00')"
    )


def days_in_the_rest() -> list[date]:
    """The months (as their first days) that have points in the rest."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT date_trunc('month', at, 'UTC')::date FROM {REST} ORDER BY 1")
        return [day for (day,) in cursor.fetchall()]
