"""Why did it move? From an unusual point to its cause, an entry in the journal, and the proof."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from metrics import charts, services
from metrics.contract.signals import find_signals
from metrics.models import Level, Metric, Movement
from metrics.services import Given
from metrics.tasks import look_for_new_levels, prove_movements
from opsboard.core import periods
from opsboard.core.models import Occurrence, User, Workspace
from opsboard.core.versions import StaleVersion
from tests.conftest import viewer_for
from tests.metrics.movements import complaints_by_batch, complaints_by_hour

pytestmark = pytest.mark.django_db


def address(name: str, workspace: Workspace, pk: int | None = None) -> str:
    return reverse(f"metrics:{name}", kwargs={"workspace": workspace.slug, **({"pk": pk} if pk else {})})


def test_one_batch_explains_the_jump(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    metric, day = complaints_by_batch(workspace, now, anna)
    story = services.explain_stretch(metric=metric, start=day, end=day + timedelta(days=1), baseline="before")
    assert story.told is not None
    first = story.told.drivers[0]
    assert first.sets == ({"batch": "B17"},)
    assert first.share > 0.8
    assert first.confidence > 0.8
    client = sign_in(anna)
    page = client.get(address("metric", workspace, metric.pk)).content.decode()
    assert "Why did it move?" in page
    assert "unusual" in page
    with django_assert_max_num_queries(40):
        page = client.get(address("why", workspace, metric.pk)).content.decode()
    assert day.date().isoformat() in page
    assert "batch B17 explains" in page
    assert "of the rise" in page
    assert "A signal:" in page
    quiet = (day - timedelta(days=20)).date().isoformat()
    page = client.get(address("why", workspace, metric.pk), {"from": quiet, "to": quiet}).content.decode()
    assert "Routine variation" in page
    # The finding asks for a cause until somebody has written one down.
    viewer, period = viewer_for(anna, workspace), periods.month_of(day.date(), workspace.zone)
    (found,) = find_signals(viewer, period)
    assert found.indicator == metric.indicator
    assert client.get(found.url).status_code == 200
    answer = client.post(
        address("write_movement", workspace, metric.pk),
        {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat(), "cause": "Seal of batch B17 leaks", "signal": "True"},
    )  # fmt: skip
    entry = Movement.objects.get()
    assert answer.headers["Location"] == entry.get_absolute_url()
    assert entry.signal
    assert Occurrence.objects.filter(key="metrics.journal_entry_written").count() == 1
    assert list(find_signals(viewer, period)) == []


def test_weekend_evenings_in_the_kitchen_and_the_proof(workspace: Workspace, anna: User) -> None:
    now = timezone.now()
    metric, begin, change = complaints_by_hour(workspace, now, anna)
    story = services.explain_stretch(metric=metric, start=begin, end=change, baseline="even")
    assert story.window is not None
    assert (story.window.days, story.window.first, story.window.end) == (frozenset({5, 6}), 20, 22)
    assert story.within is not None
    assert story.within.drivers[0].sets == ({"source": "kitchen"},)
    said = charts.sentences(metric, story)
    assert said[0].startswith("Saturday, Sunday 20:00–22:00 holds")
    assert said[1].startswith("In these hours it is source kitchen")


def test_a_journal_entry_leads_to_an_action_and_its_proof(
    workspace: Workspace, anna: User, victor: User, sign_in: Callable[[User], Client]
) -> None:
    now = timezone.now()
    metric, begin, change = complaints_by_hour(workspace, now, anna)
    entry = services.write_movement(
        metric=metric, by=anna, now=now, start=begin, end=change, cause="Kitchen, weekend evenings"
    )
    client = sign_in(anna)
    page = client.get(entry.get_absolute_url()).content.decode()
    assert "Did it help?" in page
    client.post(address("open_movement_action", workspace, entry.pk), {"title": "Two cooks more on weekend evenings"})
    entry.refresh_from_db()
    assert entry.action_name == "Two cooks more on weekend evenings"
    assert client.post(address("open_movement_action", workspace, entry.pk), {"title": "Again"}).status_code == 303
    closed = Occurrence(workspace=workspace, key="work.action_closed", at=change, about_id=entry.action_id)
    services.follow_closed(closed, now)
    prove_movements()
    entry.refresh_from_db()
    assert (entry.changed_on, entry.verdict) == (change.date(), "moved")
    assert -0.5 < (entry.relative or 0) < -0.3
    page = client.get(entry.get_absolute_url()).content.decode()
    assert "Moved, and it was the change" in page
    assert Occurrence.objects.filter(key="metrics.journal_entry_proven").count() == 1
    page = client.get(address("movement_list", workspace), {"proof": "moved"}).content.decode()
    assert "Kitchen, weekend evenings" in page
    export = client.get(address("movement_list", workspace), {"export": "csv"})
    assert b"Kitchen, weekend evenings" in b"".join(export)
    margin = client.get(address("margin", workspace), {"about_model": "work.action", "about_id": str(entry.action_id)})
    assert "Kitchen, weekend evenings" in margin.content.decode()
    services.follow_reopened(closed, now)
    entry.refresh_from_db()
    assert (entry.changed_on, entry.verdict) == (None, "")
    assert sign_in(victor).post(address("open_movement_action", workspace, entry.pk), {"title": "x"}).status_code == 403


def test_entries_are_changed_by_one_person_at_a_time_and_written_once(
    workspace: Workspace, anna: User, stranger: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = services.create_metric(workspace=workspace, by=anna, now=now, name="Scrap", direction="down")
    given: dict[str, Any] = {"metric": metric, "by": anna, "now": now, "start": now - timedelta(days=1), "end": now}
    entry = services.write_movement(**given)
    with pytest.raises(ValidationError):
        services.write_movement(**given)
    with pytest.raises(ValidationError):
        services.write_movement(**given | {"end": now - timedelta(days=2)})
    with pytest.raises(ValidationError):
        services.write_movement(**given | {"start": now - timedelta(days=3), "owner": stranger})
    services.change_movement(movement=entry, by=anna, now=now, version=1, cause="A worn blade")
    with pytest.raises(StaleVersion):
        services.change_movement(movement=entry, by=anna, now=now, version=1, cause="Something else")
    client = sign_in(anna)
    stale = client.post(address("change_movement", workspace, entry.pk), {"version": 1, "cause": "Mine"})
    assert stale.status_code == 409
    assert "A worn blade" in stale.content.decode()
    wrong = client.post(address("change_movement", workspace, entry.pk), {"version": 2, "changed_on": "soon"})
    assert wrong.status_code == 422
    assert (
        client.post(address("change_movement", workspace, entry.pk), {"version": 2, "cause": "Mine"}).status_code == 303
    )


def test_a_new_level_is_asked_about_and_limits_begin_anew(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    now = timezone.now()
    metric = services.create_metric(workspace=workspace, by=anna, now=now, name="Lead time", aggregation="mean")
    today = periods.start_of_day(now.astimezone(workspace.zone).date(), workspace.zone)
    rng = np.random.default_rng(2)
    points = [
        Given(today - timedelta(days=back), (9.0 if back > 30 else 5.0) + rng.normal() / 3) for back in range(90, 0, -1)
    ]
    services.write_points(metric=metric, points=points, by=anna, now=now)
    look_for_new_levels()
    look_for_new_levels()
    level = Level.objects.get()
    assert level.at == today - timedelta(days=30)
    assert services.judge_metric(metric=metric, around=now, now=now).judged.episodes
    client = sign_in(anna)
    assert "Shall limits begin anew there?" in client.get(address("metric", workspace, metric.pk)).content.decode()
    client.post(address("answer_level", workspace, level.pk), {"answer": "yes"})
    course = services.judge_metric(metric=metric, around=now, now=now)
    assert course.judged.episodes == ()
    assert (round(course.judged.center[0] or 0), round(course.judged.center[-1] or 0)) == (9, 5)
    look_for_new_levels()
    assert Level.objects.count() == 1


@pytest.mark.parametrize(
    "query",
    [
        {"at": "2026-13-45"}, {"at": "x" * 500}, {"from": "2026-01-05", "to": "2026-01-01"}, {"at": "1066-10-14T09:00:00Z"},
        {"at": "2026-11-02T10:00:00Z", "until": "2199-01-01T00:00:00Z"}, {"baseline": "even"}, {"baseline": "'; DROP"},
        {"from": "2150-01-01"},
    ],
)  # fmt: skip
def test_any_question_gets_an_answer(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client], query: dict[str, str]
) -> None:
    client = sign_in(anna)
    for grain in ("hour", "day", "month"):
        metric = services.create_metric(
            workspace=workspace, by=anna, now=now, name="Odd", grain=grain, aggregation="ratio"
        )
        assert client.get(address("why", workspace, metric.pk), query).status_code == 200
        points = [Given(now - timedelta(hours=back), 0.5, 0 if back % 7 else 4, {"top": "now"}) for back in range(60)]
        services.write_points(metric=metric, points=points, by=anna, now=now)
        assert client.get(address("why", workspace, metric.pk), query).status_code == 200, grain


def test_every_way_of_adding_up_can_be_asked(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    now = timezone.now()
    client = sign_in(anna)
    for aggregation in ("sum", "mean", "last", "ratio", "min", "max", "count", "p90"):
        metric: Metric = services.create_metric(
            workspace=workspace, by=anna, now=now, name=aggregation, aggregation=aggregation
        )
        points = [
            Given(now - timedelta(days=back), 0.9 if back == 1 and desk == "A" else 0.2, 50, {"desk": desk})
            for back in range(40, 0, -1)
            for desk in "ABC"
        ]
        services.write_points(metric=metric, points=points, by=anna, now=now)
        day = (now - timedelta(days=1)).astimezone(workspace.zone).date().isoformat()
        page = client.get(address("why", workspace, metric.pk), {"from": day}).content.decode()
        assert ("desk A explains" in page) is (aggregation != "count"), aggregation
