"""Alerts for programs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.models import Watch
from opsboard.core.access import Viewer
from opsboard.core.models import ApiToken, Role, User, Workspace
from opsboard.core.services.tokens import hash_secret
from tests.alerts.numbers import tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbers")]
BASE = "/api/v1/north-plant/"
Call = Callable[..., Any]


@pytest.fixture
def call(anna: User, workspace: Workspace) -> Call:
    """Ask the API with Anna's token."""
    now = timezone.now()
    ApiToken.objects.create(
        workspace=workspace, owner=anna, name="Tests", role=Role.EDITOR, token_hash=hash_secret("ops_test"),
        hint="test", created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    client = Client(headers={"Authorization": "Bearer ops_test"})

    def called(method: str, address: str, body: Any = None) -> Any:
        if body is None:
            return client.generic(method, BASE + address)
        return getattr(client, method.lower())(BASE + address, body, content_type="application/json")

    return called


def test_a_watch_is_made_and_listed(call: Call) -> None:
    body = {"indicator": "metrics.value:rework", "op": ">", "value": 5, "clear": 4, "for": 600, "severity": "critical"}
    made = call("POST", "watches", body)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    (listed,) = call("GET", "watches").json()["items"]
    assert listed["id"] == made.json()["id"]
    assert Watch.objects.get().for_seconds == 600


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"n_of_m": [3, 5]}, "Alert when Rework rate is above 5% in 3 of the last 5 values."),
        (
            {"levels": [{"severity": "critical", "value": 8.0, "clear": 7.0}]},
            "Alert when Rework rate is above 5%, Critical above 8%.",
        ),
        (
            {"compare": "week", "value": 0.2, "for": 600},
            "Alert when Rework rate is more than 20% above the same time a week before for 10 min.",
        ),
        (
            {"compare": "baseline", "op": "<=", "value": -3.0, "relative": False},
            "Alert when Rework rate is 3% or more below what is usual at this time of the week.",
        ),
        (
            {"value": {"indicator": "metrics.value:orders", "factor": 1.5}},
            "Alert when Rework rate is above 1.5 × Orders.",
        ),
        (
            {"kind": "stale", "value": 7200.0, "no_data": "nodata"},
            "Alert when Rework rate is without a new value for 2 h.",
        ),
        ({"so_far": True, "late": 300, "no_data": "ok"}, "Alert when Rework rate is above 5%."),
    ],
)
def test_a_watch_may_ask_more_than_a_threshold(more: dict[str, Any], sentence: str, call: Call) -> None:
    made = call("POST", "watches", {"indicator": "metrics.value:rework", "op": ">", "value": 5.0, **more})
    assert made.status_code == 201, made.text
    assert {name: made.json()[name] for name in more} == more
    assert Watch.objects.get().sentence == sentence


def test_a_watch_is_tried_on_the_past(call: Call) -> None:
    body = {"indicator": "metrics.value:rework", "op": ">", "value": 5, "from": "2026-11-18T00:00:00Z"}
    answer = call("POST", "watches/backtest", {**body, "to": "2026-11-18T02:00:00Z"}).json()
    assert [(one["transition"], one["value"]) for one in answer["events"]] == [("fired", 7.4), ("resolved", 3.0)]
    assert (answer["events"][0]["at"], answer["episodes"]) == ("2026-11-18T00:30:00Z", 1)
    assert not Watch.objects.exists()
    assert call("POST", "watches/backtest", {**body, "to": "2026-11-17T00:00:00Z"}).status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"clear": 6}, "clear"), ({"op": "=="}, "op"), ({"indicator": "metrics.value:no"}, "indicator"),
        ({"for": -1}, "for"), ({"value": "x"}, "value"), ({"people": [0]}, "people"), ({"teams": [10**30]}, "teams"),
        ({"about": {"model": "core.user", "id": 1}}, "about"), ({"labels": {"colour": "red"}}, "labels"),
        ({"title": "\x00"}, "title"), ({"no_data": "maybe"}, "no_data"),
        ({"n_of_m": [4, 3]}, "n_of_m"), ({"value": {"indicator": "metrics.value:rework"}}, "other"),
        ({"value": {"indicator": "metrics.value:no"}}, "other"), ({"compare": "yesterday"}, "compare"),
        ({"levels": [{"severity": "critical", "value": 4}]}, "levels"),
        ({"severity": "critical", "levels": [{"severity": "warning", "value": 9}]}, "levels"),
        ({"kind": "stale", "value": 60, "op": "<"}, "op"), ({"kind": "stale", "value": 1}, "value"),
    ],
)  # fmt: skip
def test_a_wrong_watch_is_refused_by_field(change: dict[str, Any], field: str, call: Call) -> None:
    answer = call("POST", "watches", {"indicator": "metrics.value:rework", "op": ">", "value": 5, **change})
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not Watch.objects.exists()


def test_alerts_are_listed_by_state_and_time(call: Call, editor: Viewer, workspace: Workspace, now: datetime) -> None:
    services.watch_number(viewer=editor, now=now, indicator="metrics.value:rework", op=">", value=5)
    for minutes, value in ((0, 7), (10, 9), (20, 3), (60, 8)):
        tell("rework", value)
        services.evaluate(workspace=workspace, now=now + timedelta(minutes=minutes))
    newest, oldest = call("GET", "alerts").json()["items"]
    assert (oldest["state"], oldest["episode"], oldest["peak"]) == ("resolved", 1, 9)
    assert oldest["fired_at"] == oldest["active_at"] == "2026-11-18T09:30:00Z"
    assert (newest["state"], newest["resolved_at"], newest["acknowledged_by"]) == ("firing", None, None)
    assert [one["episode"] for one in call("GET", "alerts?state=firing").json()["items"]] == [2]
    early = "alerts?from=2026-11-18T09:00:00Z&to=2026-11-18T09:45:00Z"
    assert [one["episode"] for one in call("GET", early).json()["items"]] == [1]
    first = call("GET", "alerts?limit=1").json()
    assert call("GET", f"alerts?limit=1&cursor={first['next']}").json()["items"][0]["episode"] == 1


@pytest.mark.parametrize(
    "query", ["state=nonsense", "from=yesterday", "limit=0", "cursor=x", "from=2026-11-18&to=2026-11-17", "watch=x"]
)
def test_nonsense_is_refused_in_words(query: str, call: Call) -> None:
    answer = call("GET", f"alerts?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_programs_acknowledge_take_over_and_silence(call: Call, editor: Viewer, anna: User) -> None:
    now = timezone.now()
    services.watch_number(viewer=editor, now=now, indicator="metrics.value:rework", op=">", value=5)
    tell("rework", 7)
    services.evaluate(workspace=editor.workspace, now=now)
    (row,) = call("GET", "alerts?acknowledged=false").json()["items"]
    address = f"alerts/{row['id']}/"
    until = (now + timedelta(hours=4)).isoformat()
    said = call("POST", f"{address}acknowledge", {"note": "Seen", "until": until}).json()
    assert (said["acknowledged_by"], said["note"], said["keeper"]) == ("Anna", "Seen", None)
    assert call("POST", f"{address}take-over", {}).json()["keeper"] == "Anna"
    assert call("POST", "alerts/999999/acknowledge", {}).status_code == 404
    assert call("POST", f"{address}acknowledge", {"until": "2020-01-01T00:00:00Z"}).status_code == 422
    assert call("GET", "alerts?acknowledged=false").json()["items"] == []
    made = call("POST", "silences", {"matchers": "watch=Rework rate", "ends_at": until, "reason": "Stock-taking"})
    assert (made.status_code, made.json()["state"], made.json()["by"]) == (201, "active", "Anna")
    assert call("GET", "alerts").json()["items"][0]["silenced"] is True
    for wrong in ({"matchers": "shop"}, {"reason": ""}, {"ends_at": "2099-01-01T00:00:00Z"}):
        body = {"matchers": "shop=North", "ends_at": until, "reason": "x", **wrong}
        assert call("POST", "silences", body).status_code == 422, wrong
    assert call("POST", f"silences/{made.json()['id']}/end", {}).json()["state"] == "over"
    assert [one["state"] for one in call("GET", "silences").json()["items"]] == ["over"]
