"""Keep the points' table in the parts that it should have: coming months, old years, and nothing left in the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import groupby

from django.db import connection, transaction

from metrics.models import partitions


@transaction.atomic
def keep_partitions(*, today: date) -> Mapping[str, int]:
    """Make the parts that are missing, move points out of the rest, put the months of old years together.

    Run again it changes nothing; killed in the middle it leaves everything as it was.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('metrics.partitions'))")
        there = partitions.existing()
        made = moved = merged = 0
        stray = [partitions.part_for(day, today) for day in partitions.days_in_the_rest()]
        for part in sorted({*partitions.wanted(today), *stray}):
            if not any(part.start < one.end and one.start < part.end for one in there):
                moved += partitions.attach(cursor, part)
                there.append(part)
                made += 1
        months = [part for part in sorted(there) if part != partitions.year_of(part.start)]
        for year, parts in groupby(months, key=lambda part: part.start.year):
            if year < partitions.first_monthly_year(today):
                partitions.merge_year(cursor, list(parts))
                merged += 1
    return {"made": made, "moved": moved, "merged": merged}
