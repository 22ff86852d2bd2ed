"""Why did it move? From an unusual point to its cause, an entry in the journal, and the proof."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from metrics import services
from metrics.contract import signals
from metrics.contract.signals import find_signals
from metrics.models import Level, Metric, Movement
from metrics.services import Given
from metrics.services.drivers import judge_buckets
from metrics.tasks import look_for_new_levels
from metrics.views.unusual import unusual_of
from opsboard.core import events, periods
from opsboard.core.effects import perform
from opsboard.core.models import Occurrence, User, Workspace
from opsboard.core.versions import StaleVersion
from opsboard.work.services import close_action
from tests.conftest import viewer_for
from tests.metrics.movements import by_batch, by_hour, complaints, midnight

pytestmark = pytest.mark.django_db


def address(name: str, workspace: Workspace, pk: int | None = None) -> str:
    return reverse(f"metrics:{name}", kwargs={"workspace": workspace.slug, **({"pk": pk} if pk else {})})


def test_an_unusual_day_is_found_asked_about_and_written_down(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    metric = complaints(workspace, now, anna, by_batch(midnight(workspace, now)))
    day = midnight(workspace, now) - timedelta(days=1)
    client = sign_in(anna)
    page = client.get(address("metric", workspace, metric.pk)).content.decode()
    assert "Why did it move?" in page
    assert "unusual" in page
    with django_assert_max_num_queries(40):
        page = client.get(address("why", workspace, metric.pk)).content.decode()
    assert day.date().isoformat() in page
    assert "batch B17 explains" in page
    assert "A signal:" in page
    quiet = (day - timedelta(days=20)).date().isoformat()
    page = client.get(address("why", workspace, metric.pk), {"from": quiet, "to": quiet}).content.decode()
    assert "Routine variation" in page
    # Beside an alert that speaks of it stands the way to ask why; strangers to the number hear nothing.
    watch = perform(
        "alerts.watch_indicator", workspace=workspace, by=anna, now=now, indicator=metric.indicator, op=">", value=9.0
    ).about
    events.emit("alerts.alert_fired", workspace=workspace, at=now, about=watch, indicator=metric.indicator)
    beside = {"about_model": "alerts.watch", "about_id": str(watch.pk if watch else 0)}
    shown = client.get(address("margin", workspace), beside).content.decode()
    assert f"{metric.get_absolute_url()}why/?at=" in shown
    # The value that fired stands first, usual or not; what was unusual before it is no news.
    fired = day - timedelta(days=3)
    events.emit("alerts.alert_fired", workspace=workspace, at=now, about=watch, indicator=metric.indicator, value_at=fired)  # fmt: skip
    shown = client.get(address("margin", workspace), beside).content.decode()
    first, *rest = shown.split(f"{metric.get_absolute_url()}why/?")[1:]
    assert first.startswith(f"at={fired.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    assert "instead of" in first
    assert any(day.date().isoformat() in one for one in rest)
    for hostile in (
        {"about_id": "0"},
        {"about_model": "\x00.\x00"},
        {"about_model": "alerts.alert", "about_id": "9" * 18},
    ):
        assert client.get(address("margin", workspace), beside | hostile).content == b""
    # The finding asks for a cause until somebody has written one down.
    viewer, period = viewer_for(anna, workspace), periods.month_of(day.date(), workspace.zone)
    (found,) = find_signals(viewer, period)
    assert found.indicator == metric.indicator
    assert client.get(found.url).status_code == 200
    answer = client.post(
        address("write_movement", workspace, metric.pk),
        {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat(), "cause": "Seal of batch B17 leaks", "signal": "True"},
    )  # fmt: skip
    for wrong in (
        {"end": "9999-12-31T23:59:59Z"},
        {"start": "0001-01-01T00:00:00Z"},
        {"start": "2020-01-01T00:00:00Z"},
    ):
        stretch = {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat(), "cause": "x", **wrong}
        refused = client.post(address("write_movement", workspace, metric.pk), stretch)
        assert refused.status_code == 422
        assert refused.content.count(b"error-summary-title") == 1
    entry = Movement.objects.get()
    assert answer.headers["Location"] == entry.get_absolute_url()
    assert entry.signal
    assert Occurrence.objects.filter(key="metrics.journal_entry_written").count() == 1
    assert list(find_signals(viewer, period)) == []


def test_a_value_that_is_unusual_only_as_one_of_many_on_a_side_is_told_so(workspace: Workspace, anna: User) -> None:
    now = timezone.now()
    metric = services.create_metric(
        workspace=workspace, by=anna, now=now, name="Reply", aggregation="mean", grain="day", unit="min"
    )
    values = [10 + (-1) ** day for day in range(31)] + [9.5] * 10
    first = midnight(workspace, now) - timedelta(days=len(values))
    points = [Given(first + timedelta(days=day), float(value)) for day, value in enumerate(values)]
    services.write_points(metric=metric, points=points, by=anna, now=now)
    course = services.judge_metric(metric=metric, around=now, now=now)
    (found,) = unusual_of(metric, course)
    assert found["run"] == f"9.5 min, 10 in a row below {found['expected']}"


def test_the_hour_that_still_runs_is_no_signal_and_what_was_judged_is_not_judged_again(
    workspace: Workspace, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = midnight(workspace, timezone.now()) - timedelta(hours=12)
    metric = services.create_metric(
        workspace=workspace, by=anna, now=now, name="Calls", key="calls", aggregation="sum", grain="minute"
    )
    rng = np.random.default_rng(3)
    hours = [Given(now - timedelta(hours=back), float(rng.normal(600, 20)), 1) for back in range(24 * 40, 0, -1)]
    services.write_points(metric=metric, points=[*hours, Given(now, 40.0, 1)], by=anna, now=now)
    viewer, period = viewer_for(anna, workspace), periods.week_of(now.date(), workspace.zone)
    judged: list[int] = []

    def watched(metric: Metric, *given: Any, **more: Any) -> Any:
        judged.append(metric.pk)
        return judge_buckets(metric, *given, **more)

    monkeypatch.setattr(signals, "judge_buckets", watched)
    five_past, an_hour_later = now + timedelta(minutes=5), now + timedelta(minutes=65)
    assert signals.judged_in(viewer, period, five_past) == {}
    assert signals.judged_in(viewer, period, five_past) == {}
    assert len(judged) == 1
    ((only,),) = signals.judged_in(viewer, period, an_hour_later).values()
    assert (only["start"], only["end"]) == (now - timedelta(hours=12), now + timedelta(hours=12))  # that day
    assert only["actual"] < only["expected"]
    services.write_points(metric=metric, points=[Given(now, 600.0, 1)], by=anna, now=an_hour_later)
    assert signals.judged_in(viewer, period, an_hour_later) == {}
    assert len(judged) == 3


def test_closing_the_action_proves_the_entry(
    workspace: Workspace, anna: User, victor: User, sign_in: Callable[[User], Client]
) -> None:
    """Nothing in between but what happened: the action closed, values came in, the action opened again."""
    now = timezone.now()
    today = midnight(workspace, now)
    story, change = by_hour(today, weeks=8), today - timedelta(weeks=4)
    metric = complaints(workspace, now, anna, story, grain="hour")
    entry = services.write_movement(
        metric=metric, by=anna, now=now, start=story[0][0], end=change, cause="Kitchen, weekend evenings"
    )
    client = sign_in(anna)
    assert "Did it help?" in client.get(entry.get_absolute_url()).content.decode()
    opening = address("open_movement_action", workspace, entry.pk)
    wrong = client.post(opening, {"title": "Two cooks more", "goal": "many"})
    assert wrong.status_code == 422
    client.post(opening, {"title": "Two cooks more on weekend evenings", "goal": "9"})
    entry.refresh_from_db()
    opened = Occurrence.objects.get(key="work.action_opened")
    assert (entry.action_id, opened.facts["indicator"]) == (opened.about_id, metric.indicator)
    assert client.post(opening, {"title": "Again"}).status_code == 303
    assert Occurrence.objects.filter(key="work.action_opened").count() == 1

    # It was closed when the shifts changed; the values since then were here already.
    action: Any = opened.about
    close_action(action=action, by=anna, now=change + timedelta(hours=9))
    events.deliver_waiting(now=now)
    entry.refresh_from_db()
    assert (entry.changed_on, entry.verdict) == (change.date(), "moved")
    low, share, high = (float(part or 0) for part in (entry.relative_low, entry.relative, entry.relative_high))
    assert -0.5 < low < share < high < -0.3
    assert share == pytest.approx(-0.4, abs=0.05)
    assert Occurrence.objects.filter(key="metrics.journal_entry_proven").count() == 1
    for told in (
        client.get(entry.get_absolute_url()),
        client.get(address("movement_list", workspace), {"proof": "moved"}),
        client.get(address("margin", workspace), {"about_model": "work.action", "about_id": str(entry.action_id)}),
    ):
        assert f"−{round(-share * 100)}%" in told.content.decode()
    export = client.get(address("movement_list", workspace), {"export": "csv"})
    assert b"Kitchen, weekend evenings" in b"".join(export)

    # Corrected values of days that are over: it is judged anew. Nobody is told twice of what stays true.
    services.write_points(
        metric=metric, points=[Given(at, 30.0, 1, {"source": "kitchen"}) for at, _count, labels in story if at >= change],
        by=anna, now=now,
    )  # fmt: skip
    events.deliver_waiting(now=now)
    entry.refresh_from_db()
    assert entry.verdict == "wrong_way"
    services.write_points(metric=metric, points=[Given(now, 400.0, 1, {"source": "bar"})], by=anna, now=now)
    events.deliver_waiting(now=now)
    assert Occurrence.objects.filter(key="metrics.journal_entry_proven").count() == 2

    client.post(reverse("work:reopen_action", kwargs={"workspace": workspace.slug, "pk": action.pk}))
    events.deliver_waiting(now=now)
    entry.refresh_from_db()
    assert (entry.changed_on, entry.verdict, entry.relative_low) == (None, "", None)
    assert sign_in(victor).post(opening, {"title": "x"}).status_code == 403


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


ODD = (
    {"at": "2026-13-45"}, {"at": "x" * 500}, {"from": "2026-01-05", "to": "2026-01-01"}, {"at": "1066-10-14T09:00:00Z"},
    {"at": "2026-11-02T10:00:00Z", "until": "2199-01-01T00:00:00Z"}, {"baseline": "even"}, {"baseline": "'; DROP"},
    {"from": "2150-01-01"},
)  # fmt: skip


def test_any_question_gets_an_answer(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(anna)
    for grain in ("hour", "day", "month"):
        metric = services.create_metric(
            workspace=workspace, by=anna, now=now, name="Odd", grain=grain, aggregation="ratio"
        )
        assert client.get(address("why", workspace, metric.pk), ODD[0]).status_code == 200
        points = [Given(now - timedelta(hours=back), 0.5, 0 if back % 7 else 4, {"top": "now"}) for back in range(60)]
        services.write_points(metric=metric, points=points, by=anna, now=now)
        for query in ODD:
            assert client.get(address("why", workspace, metric.pk), query).status_code == 200, (grain, query)


def test_what_is_said_of_a_movement_is_what_its_tables_say(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    now, client = timezone.now(), sign_in(anna)
    today = midnight(workspace, now)
    given: dict[str, Any] = {"workspace": workspace, "by": anna, "now": now, "aggregation": "mean", "unit": "min"}
    parted, single = (services.create_metric(name=name, **given) for name in ("Reply", "Wait"))
    rng = np.random.default_rng(3)
    for metric, shops in ((parted, ("Harbour", "Web", "North")), (single, ("",))):
        points = [
            Given(today - timedelta(days=back), 26.4 + float(rng.normal(0, 2)), 1, {"shop": shop} if shop else {})
            for back in range(40, 0, -1)
            for shop in shops
        ]
        services.write_points(metric=metric, points=points, by=anna, now=now)
    quiet = (today - timedelta(days=5)).date().isoformat()
    page = client.get(address("why", workspace, parted.pk), {"from": quiet, "to": quiet}).content.decode()
    assert ("Most of it lies with shop" in page) or ("explains" in page)
    assert "moved alike in all groups" not in page
    for actual, expected, change in re.findall(
        r'<td class="num">([\d.]+)</td>\s*<td class="num muted">([\d.]+)</td>\s*<td class="num[^"]*">([+−]?[\d.]+)</td>',
        page,
    ):
        told = float(change.replace("−", "-"))
        assert abs(float(actual) - float(expected) - told) < 0.11, (actual, expected, change)
    page = client.get(address("why", workspace, single.pk), {"from": quiet, "to": quiet}).content.decode()
    assert "There are no groups to compare here" in page
    assert "Share of the change" not in page


def test_a_quotient_is_explained_as_a_rate_and_other_formulas_say_whom_to_ask(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    now = timezone.now()
    today = midnight(workspace, now)
    given: dict[str, Any] = {"workspace": workspace, "by": anna, "now": now, "direction": "down"}
    for key, usual in (("returns", 5.0), ("orders", 100.0)):
        metric = services.create_metric(name=key.title(), key=key, **given)
        points = [
            Given(today - timedelta(days=back), usual * (4 if (key, shop, back) == ("returns", "North", 1) else 1), 1,
                  {"shop": shop, **({"reason": "seal"} if key == "returns" else {"till": "1"})})
            for back in range(40, 0, -1)
            for shop in ("North", "South", "East")
        ]  # fmt: skip
        services.write_points(metric=metric, points=points, by=anna, now=now)
    rate = services.create_metric(
        name="Return rate", aggregation="formula", formula="returns / orders", unit="%", **given
    )
    client, day = sign_in(anna), (today - timedelta(days=1)).date().isoformat()
    page = client.get(address("why", workspace, rate.pk), {"from": day}).content.decode()
    assert "Returns: 30 instead of 15; Orders: 300 instead of 300." in page
    assert "shop North explains 100% of the rise: 20.0% instead of 5.0%" in page
    assert "+5.0 pp" in page  # the bars are of points, not of per cent
    odd = services.create_metric(name="Odd", aggregation="formula", formula="returns + orders", **given)
    page = client.get(address("why", workspace, odd.pk), {"from": day}).content.decode()
    assert "not as one sum over another" in page
    assert address("why", workspace, Metric.objects.get(key="returns").pk) in page
    # Who may not see a part is not told its labels by way of the quotient.
    Metric.objects.filter(key="returns").update(limited_to=[987654])
    assert "shop North" not in client.get(address("why", workspace, rate.pk), {"from": day}).content.decode()


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
