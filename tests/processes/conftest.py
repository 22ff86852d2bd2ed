"""Order fulfilment, measured: what tests of its pages look at."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsboard.core.models import User, Workspace
from processes import services
from processes.analysis import logs
from processes.models import Process

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def orders() -> pl.DataFrame:
    """Forty orders: stock is confirmed by hand and waits for Ann; every tenth is confirmed twice; ten are cancelled."""
    rows: list[tuple[str, str, str, datetime, datetime]] = []
    for number in range(40):
        at = MONDAY + timedelta(hours=6 * number)
        steps = [("Register", "Web", 0.0, 0.1), ("Confirm stock", "Ann", 4.0, 1.0)]
        steps += [("Confirm stock", "Ann", 1, 1)] if number % 10 == 0 else []
        steps += (
            [("Cancel", "Web", 1, 0.1)]
            if number % 4 == 3
            else [("Pack", "Ben", 0.5, 0.5), ("Ship <now>", "Ben", 1, 0.2)]
        )
        for step, person, wait, work in steps:
            begin = at + timedelta(hours=wait)
            at = begin + timedelta(hours=work)
            rows.append((f"O-{number}", step, person, begin, at))
    return pl.DataFrame(rows, schema=["case", "activity", "resource", "start", "end"], orient="row")


@pytest.fixture
def fulfilment(workspace: Workspace, anna: User, now: datetime) -> Process:
    process = services.create_process(workspace=workspace, by=anna, now=now, name="Order fulfilment")
    services.store_log(process=process, log=logs.log_from(orders()), name="orders.csv", by=anna, now=now)
    return process
