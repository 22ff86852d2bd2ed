"""Predicted and real: a prediction is accepted, an action opens, and the next import says what came of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from opsboard.core.models import Occurrence, User, Workspace
from opsboard.work.models import Action
from processes import services
from processes.analysis import logs
from processes.analysis.attributes import frame_of
from processes.analysis.redesigns import real_change
from processes.models import Process, Redesign, Simulation

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIVE = datetime(2026, 3, 16, tzinfo=UTC)


def requests(first: datetime, count: int, hours: float, seed: int) -> list[dict[str, Any]]:
    """A request every two hours; its check ends after so many hours on average."""
    chance = np.random.default_rng(seed)
    made = []
    for number in range(count):
        at = first + timedelta(hours=2 * number)
        end = at + timedelta(hours=float(chance.gamma(4, hours / 4)))
        name = f"{first.date()}-{number}"
        made += [
            {"case": name, "activity": "Register", "resource": "Web", "start": at, "end": at + timedelta(minutes=1)},
            {"case": name, "activity": "Check", "resource": "Ann", "start": end - timedelta(minutes=5), "end": end},
        ]
    return made


@pytest.mark.parametrize(("hours", "verdict"), [(1.5, "as_predicted"), (4.0, "worse"), (0.4, "better")])
def test_what_came_of_it_is_set_beside_what_was_predicted(hours: float, verdict: str) -> None:
    rows = requests(LIVE - timedelta(days=14), 168, 4.0, 1) + requests(LIVE, 168, hours, 2)
    found = real_change(logs.log_from(*frame_of(rows)).steps, LIVE, (-0.7, -0.5))
    assert found.verdict == verdict
    assert found.change is not None
    assert found.interval is not None
    assert found.interval[0] < found.change < found.interval[1]
    assert found.change == pytest.approx(hours / 4 - 1, abs=0.12)


def test_a_few_cases_say_nothing_yet() -> None:
    rows = requests(LIVE - timedelta(days=14), 168, 4.0, 1) + requests(LIVE, 12, 1.0, 2)
    found = real_change(logs.log_from(*frame_of(rows)).steps, LIVE, (-0.7, -0.5))
    assert (found.verdict, found.change) == ("too_early", None)


@pytest.fixture
def predicted(workspace: Workspace, anna: User) -> Simulation:
    now = LIVE
    process = services.create_process(workspace=workspace, by=anna, now=now, name="Requests", owner=anna)
    services.take_events(process=process, events=requests(LIVE - timedelta(days=14), 160, 4.0, 1), by=anna, now=now)
    figures = {
        "lead_time": {"mean": 14_400.0, "p50": 1.0, "p90": 1.0, "interval": [1.0, 2.0]},
        "cost": None,
        "load": {},
    }
    return Simulation.objects.create(
        workspace=workspace, process=process, log=process.log, moves=[{"move": "automate", "steps": ["Check"]}], by=anna,
        result={"as_is": figures, "to_be": figures, "change": {"mean": -0.6, "interval": [-0.7, -0.5]}, "backtest_error": 0.1},
        created_at=now, finished_at=now,
    )  # fmt: skip


def test_four_hours_become_one_and_a_half_predicted_and_then_real(
    predicted: Simulation, workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    process: Process = predicted.process
    client, url = sign_in(anna), f"/north-plant/processes/{process.pk}/redesigns/"
    assert "Nothing is decided yet" in client.get(url).content.decode()
    form = client.get(f"{url}{predicted.pk}/accept/").content.decode()
    assert "Predicted lead time: −60% (−70% … −50%)" in form
    given = {"name": "Stock is synchronised", "live_from": "2026-03-16", "owner": anna.pk}
    assert client.post(f"{url}{predicted.pk}/accept/", {**given, "live_from": "soon"}).status_code == 422
    assert client.post(f"{url}{predicted.pk}/accept/", given).status_code == 303
    action = Action.objects.get()
    assert (action.title, action.owner, action.indicator) == (given["name"], anna, f"processes.lead_time:{process.pk}")
    assert "Too early to say" in client.get(url).content.decode()
    assert client.post(f"{url}{predicted.pk}/accept/", given).status_code == 422  # once is enough
    services.take_events(process=process, events=requests(LIVE, 160, 1.5, 3), by=anna, now=LIVE + timedelta(days=15))
    row = Redesign.objects.get()
    assert row.real["verdict"] == "as_predicted"
    assert row.real["after"] == pytest.approx(1.5 * 3600, rel=0.15)
    shown = client.get(url).content.decode()
    assert "As predicted" in shown
    assert f'href="{action.get_absolute_url()}"' in shown
    told = Occurrence.objects.filter(key="processes.redesign_measured")
    assert [one.facts["verdict"] for one in told] == ["as_predicted"]
    services.take_events(
        process=process, events=requests(LIVE + timedelta(days=15), 4, 1.5, 4), by=anna, now=LIVE + timedelta(days=17)
    )
    assert told.count() == 1


def test_what_is_not_predicted_yet_cannot_be_accepted(predicted: Simulation, anna: User, stranger: User) -> None:
    Simulation.objects.update(result={}, finished_at=None)
    predicted.refresh_from_db()
    with pytest.raises(ValidationError, match="not there yet"):
        services.accept_redesign(simulation=predicted, name="X", live_from=LIVE.date(), owner=anna, by=anna, now=LIVE)
    Simulation.objects.update(result={"change": {"mean": 0.1, "interval": [0, 0.2]}}, finished_at=LIVE)
    predicted.refresh_from_db()
    with pytest.raises(ValidationError, match="of this workspace"):
        services.accept_redesign(
            simulation=predicted, name="X", live_from=LIVE.date(), owner=stranger, by=anna, now=LIVE
        )
    assert not Action.objects.exists()
