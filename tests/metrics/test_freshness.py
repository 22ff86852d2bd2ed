"""Fresh, late, failed: from the newest value, the grain, and the schedules of sources."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from metrics import services
from metrics.models import Metric, Source, Turn, freshness, newest
from opsboard.core import registry
from opsboard.core.access import Viewer, the_house
from opsboard.core.models import Role, User, Workspace
from opsboard.core.periods import week_of
from opsboard.core.services import issue_token

pytestmark = pytest.mark.django_db


def metric_of(workspace: Workspace, now: datetime, key: str, **more: Any) -> Metric:
    return Metric.objects.create(workspace=workspace, key=key, name=key.title(), created_at=now, **more)


def newest_at(metric: Metric, at: datetime, by: User) -> Metric:
    services.add_value(metric=metric, at=at, value=1, by=by, now=at)
    return metric


def state_of(metric: Metric, now: datetime) -> str:
    latest = {one.metric_id: one for one in newest([metric.pk], now=now)}
    return freshness([metric], latest, now)[metric.pk].key


def source_for(metric: Metric, by: User, now: datetime, **more: Any) -> Source:
    asks = {"indicator": "work.overdue"}
    source = services.create_source(
        workspace=metric.workspace, by=by, now=now, kind="indicator", name="Feed", asks=asks, mapping={"columns": {"at": ["time"]}}, **more
    )  # fmt: skip
    Turn.objects.filter(source=source).update(metrics=[metric.pk])
    return source


@pytest.mark.parametrize(
    ("grain", "begins", "fresh_until"),
    [
        ("day", "2026-11-16T00:00", "2026-11-19T00:00"),
        ("hour", "2026-11-16T10:00", "2026-11-16T13:00"),
        ("week", "2026-11-09T00:00", "2026-11-30T00:00"),
        ("month", "2026-01-01T00:00", "2026-04-01T00:00"),
    ],
)
def test_a_metric_by_hand_is_late_after_two_grains(
    workspace: Workspace, anna: User, now: datetime, grain: str, begins: str, fresh_until: str
) -> None:
    local = [datetime.fromisoformat(text).replace(tzinfo=workspace.zone) for text in (begins, fresh_until)]
    metric = newest_at(metric_of(workspace, now, "sales", grain=grain), local[0], anna)
    assert [state_of(metric, local[1] + timedelta(seconds=more)) for more in (0, 1)] == ["fresh", "late"]


def test_a_metric_with_a_source_is_late_when_the_next_reading_brought_nothing(
    workspace: Workspace, anna: User, now: datetime
) -> None:
    metric = metric_of(workspace, now, "sales")
    assert state_of(metric, now) == "none"
    source = source_for(metric, anna, now)  # once a day, at six
    newest_at(metric, datetime(2026, 11, 16, tzinfo=workspace.zone), anna)
    due = datetime(2026, 11, 18, 6, 15, tzinfo=workspace.zone)
    assert [state_of(metric, due + timedelta(minutes=more)) for more in (0, 1)] == ["fresh", "late"]
    Turn.objects.filter(source=source).update(failures=1, error="It is closed.")
    assert state_of(metric, due) == "failed"
    services.pause_source(source=source, by=anna, now=now)
    assert state_of(metric, due) == "fresh"


def test_its_age_can_be_watched_and_stale_and_unowned_metrics_are_found(
    workspace: Workspace, anna: User, editor: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = newest_at(
        metric_of(workspace, now, "sales", owner=anna), datetime(2026, 11, 15, tzinfo=workspace.zone), anna
    )
    metric_of(workspace, now, "empty")
    (reading,) = registry.read(editor, ["metrics.age:sales"], now)
    assert reading.value == pytest.approx((now - datetime(2026, 11, 16, tzinfo=workspace.zone)).total_seconds() / 3600)
    assert [one.status for one in registry.read(editor, ["metrics.age:empty"], now)] == ["missing"]
    assert {"metrics.age:sales", "metrics.age:empty"} <= {one.key for one in registry.catalogue(editor)}
    monkeypatch.setattr("metrics.contract.numbers.timezone.now", lambda: now)
    found = {one.key: one.detail for one in registry.find(the_house(workspace), week_of(now, workspace.zone))}
    assert "metrics.no_data:sales" in found
    assert "metrics.no_owner:empty" in found
    assert "metrics.no_owner:sales" not in found
    source_for(metric, anna, now)
    Turn.objects.update(failures=2, error="The shop is closed.")
    found = {one.key: one.detail for one in registry.find(the_house(workspace), week_of(now, workspace.zone))}
    assert "The shop is closed." in str(found["metrics.no_data:sales"])


def test_the_list_and_the_page_say_so(
    workspace: Workspace,
    anna: User,
    now: datetime,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: Any,
) -> None:
    metric = newest_at(metric_of(workspace, now, "sales"), now - timedelta(days=90), anna)
    metric_of(workspace, now, "empty")
    client, url = sign_in(anna), reverse("metrics:metric_list", kwargs={"workspace": workspace.slug})
    with django_assert_max_num_queries(32):
        late = client.get(url, {"fresh": "late"}).content.decode()
    assert "Sales" in late
    assert ">Late<" in late
    assert ">Empty<" not in late
    assert "A new value was due on" in client.get(metric.get_absolute_url()).content.decode()
    told = client.get(
        reverse("metrics:send_values", kwargs={"workspace": workspace.slug, "pk": metric.pk})
    ).content.decode()
    assert f"/api/v1/{workspace.slug}/metrics/sales/points" in told


def test_programs_set_sources_up_and_have_them_read(
    workspace: Workspace, anna: User, victor: User, now: datetime
) -> None:
    metric_of(workspace, now, "overdue")

    def ask(method: str, path: str, body: Any = None, who: User = anna) -> Any:
        secret = issue_token(
            workspace=workspace, owner=who, role=Role.EDITOR if who == anna else Role.VIEWER, name="x", now=now
        )[1]
        return getattr(Client(), method)(
            f"/api/v1/{workspace.slug}/{path}", data=json.dumps(body) if body is not None else None,
            content_type="application/json", headers={"Authorization": f"Bearer {secret}"},
        )  # fmt: skip

    body = {"name": "Overdue", "kind": "indicator", "every": 3600, "asks": {"indicator": "work.overdue"},
            "mapping": {"at": "time", "value": "value", "key": "overdue"}}  # fmt: skip
    made = ask("post", "sources", body)
    assert made.status_code == 201, made.content
    assert ask("post", "sources", body, victor).status_code == 403
    wrong = ask(
        "post",
        "sources",
        {
            **body,
            "kind": "sql",
            "secret": {"password": "topsecret"},
            "asks": {"database": "postgresql", "host": "db.example", "db": "x", "query": "delete from t"},
        },
    )
    assert wrong.status_code == 422
    assert "DELETE" in wrong.content.decode()
    run = ask("post", f"sources/{made.json()['id']}/run")
    assert run.status_code == 202
    assert run.json()["job"]
    listed = ask("get", "sources", who=victor).json()
    assert [one["name"] for one in listed["items"]] == ["Overdue"]
    assert "secret" not in json.dumps(listed)
    assert ask("post", "sources/999999/run").status_code == 404
