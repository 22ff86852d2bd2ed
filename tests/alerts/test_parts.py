"""Label sets have a past of their own: what is tried on it is what the live log says."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metrics import services as metrics
from metrics.models import Metric
from metrics.services import Given
from opsboard.alerts import services
from opsboard.alerts.models import MaintenanceWindow, Transition, Watch
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Parts
from opsboard.core.models import CalendarDay, User, Workspace
from opsboard.core.periods import Period, start_of_day

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SHOPS = ("Berlin", "Hangzhou", "Lyon")
START = datetime(2026, 11, 18, 9, tzinfo=UTC)


def written(viewer: Viewer, key: str, points: list[Given], **more: Any) -> Metric:
    metric = metrics.create_metric(
        workspace=viewer.workspace, by=viewer.user, now=START, name=key.title(), key=key, grain="minute", **more
    )
    metrics.write_points(metric=metric, points=points, by=viewer.user, now=START)
    return metric


def rows_of(rng: random.Random, minutes: int, low: int, high: int) -> list[Given]:
    """Three shops, of which each now and then says nothing, and Lyon opens later."""
    return [
        Given(START + place * MINUTE, float(rng.randint(low, high)), float(rng.randint(1, 5)), {"shop": shop})
        for place in range(-3, minutes)
        for shop in SHOPS
        if rng.random() > 0.15 and (shop != "Lyon" or place > 4)
    ]


def the_same(viewer: Viewer, watches: list[Watch], start: datetime, end: datetime) -> dict[str, int]:
    """How many transitions each watch had, having been found event for event in its backtest."""
    counts = {}
    for row in watches:
        live = sorted(
            (at, step, -1.0 if step == "nodata" else value, labels.get("shop", ""))
            for at, step, value, labels in Transition.objects.filter(instance__watch=row).values_list(
                "at", "step", "value", "instance__labels"
            )
        )
        tried = services.backtest(viewer=viewer, watch=row, start=start, end=end)
        told = sorted(
            (one.at, one.step.value, -1.0 if one.step == "nodata" else one.value, one.labels.get("shop", ""))
            for one in tried.events
        )
        assert told == live, row.title
        counts[row.title] = len(live)
    return counts


def test_what_would_have_fired_of_label_sets_is_what_did(editor: Viewer, workspace: Workspace) -> None:
    rng, minutes = random.Random(2), 12
    written(editor, "complaints", rows_of(rng, minutes, 0, 9), aggregation="mean")
    written(editor, "orders", rows_of(rng, minutes, 2, 9))
    conditions: dict[str, dict[str, Any]] = {
        "each": {"scope": "each", "op": ">", "value": 6.0, "clear": 4.0, "for_seconds": 60},
        "all": {"scope": "all", "op": ">=", "value": 7.0, "need": 2, "out_of": 3},
        "one": {"scope": "all", "labels": {"shop": "Berlin"}, "kind": "change", "compare": "previous", "value": 0.5},
        "beside": {"scope": "each", "kind": "other", "other": "metrics.value:orders", "value": 1.1, "op": ">"},
        "sum": {"indicator": "metrics.value:orders", "scope": "each", "op": ">", "value": 7.0, "keep_seconds": 90},
    }  # fmt: skip
    watches = [
        services.watch_number(
            viewer=editor, now=START - timedelta(days=9), title=title, op=more.pop("op", ">"), value=more.pop("value"),
            indicator=more.pop("indicator", "metrics.value:complaints"), **more,
        )
        for title, more in conditions.items()
    ]  # fmt: skip
    end = START + minutes * MINUTE
    tick = START
    while tick < end:
        services.evaluate(workspace=workspace, now=tick)
        tick += timedelta(seconds=10)
    counts = the_same(editor, watches, START, end)
    assert all(counts.values()), counts


def test_parts_are_told_as_they_are_read_and_draw_the_pages(
    editor: Viewer, workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    now = timezone.now().replace(second=0, microsecond=0)
    rng = random.Random(3)
    metric = metrics.create_metric(workspace=workspace, by=anna, now=now, name="Sales", key="sales", grain="hour")
    hours = [now.replace(minute=0) - timedelta(hours=back) for back in range(24 * 40, 0, -1)]
    sizes = {"Berlin": 100, "Hangzhou": 1000, "Lyon": 10}
    given = [
        Given(at, size + rng.gauss(0, size / 20), 1, {"shop": shop, "team": team})
        for at in hours for shop, size in sizes.items() for team in ("a", "b") if team == "a" or shop == "Lyon"
    ]  # fmt: skip
    metrics.write_points(metric=metric, points=given, by=anna, now=now)
    period = Period(hours[0], now, "custom")
    key = metric.indicator
    assert {one.labels["shop"] for one in registry.history(editor, [key], period, Parts())[key] if one.labels} == set(
        sizes
    )
    lyon = registry.history(editor, [key], period, Parts({"shop": "Lyon"}, most=1))[key]
    assert {tuple(sorted(one.labels.items())) for one in lyon} == {(), (("shop", "Lyon"), ("team", "a"))}
    by_shop = {
        one.labels.get("shop"): one.value for one in registry.read(editor, [key], now) if one.labels.get("team") == "a"
    }
    newest = {
        one.labels["shop"]: one.value
        for one in registry.history(editor, [key], period, Parts())[key]
        if one.labels.get("team") == "a"
    }
    assert newest == by_shop

    row = services.watch_number(
        viewer=editor, now=now, indicator=key, op=">", value=130.0, labels={"shop": "Berlin"}, scope="all"
    )
    tried = services.backtest(viewer=editor, watch=row, start=now - timedelta(days=30), end=now)
    limits = services.propose_limits(viewer=editor, watch=row, tried=tried)
    assert list(tried.points) == [(("shop", "Berlin"), ("team", "a"))]
    assert limits.upper is not None
    assert 105 < limits.upper < 135
    each = services.draft_watch(viewer=editor, now=now, indicator=key, op=">", value=500.0, scope="each")
    tried = services.backtest(viewer=editor, watch=each, start=now - timedelta(days=30), end=now)
    limits = services.propose_limits(viewer=editor, watch=each, tried=tried)
    assert limits.upper is not None
    assert 1050 < limits.upper < 1350, "the largest shop varies within these"

    client = sign_in(anna)
    assert 'id="watch-chart"' in client.get(row.get_absolute_url()).content.decode()
    asked = {"indicator": key, "op": ">", "value": "115", "scope": "all", "labels": "shop=Berlin", "kind": "value",
             "for_unit": "minutes", "keep_unit": "minutes", "severity": "warning"}  # fmt: skip
    told = client.post(f"/{workspace.slug}/alerts/watches/preview/", asked).content.decode()
    assert "chart-line" in told
    assert "Take the limit of routine variation" in told
    proposed = client.post(f"/{workspace.slug}/alerts/watches/propose/routine/", asked).content.decode()
    value = proposed.partition('name="value"')[2].partition('value="')[2].partition('"')[0]
    assert 105 < float(value) < 135, "of that shop, not of all"


def test_spring_festival_a_shifted_saturday_and_maintenance_set_nothing_off(
    editor: Viewer, workspace: Workspace
) -> None:
    """A plant in Shanghai that rests at weekends: shut for the festival, at work on the Saturday in exchange, and on one
    Wednesday most of the day was stock-taking in Berlin's line."""
    zone = workspace.zone
    for day, hours in [(date(2026, 2, 14), "09:00-18:00"), *((date(2026, 2, day), "") for day in range(15, 24))]:
        CalendarDay.objects.create(workspace=workspace, day=day, hours=hours)
    metric = metrics.create_metric(workspace=workspace, by=editor.user, now=START, name="Output", key="output")
    rng, first, last = random.Random(5), date(2025, 11, 24), date(2026, 3, 20)
    shut = {date(2026, 2, day) for day in range(15, 24)}
    stock = {date(2026, 1, 14), date(2026, 1, 21), date(2026, 1, 28), date(2026, 2, 4)}
    points = []
    for place in range((last - first).days + 1):
        day = first + timedelta(days=place)
        works = (day.weekday() < 5 or day == date(2026, 2, 14)) and day not in shut
        for shop in ("Berlin", "Lyon"):
            value = rng.gauss(100, 3) if works else rng.gauss(4, 0.3)
            if (shop == "Berlin" and day in stock) or (shop == "Lyon" and day == date(2026, 3, 12)):
                value = 20.0
            points.append(Given(start_of_day(day, zone), value, 1, {"shop": shop}))
    metrics.write_points(metric=metric, points=points, by=editor.user, now=START)
    window = MaintenanceWindow(
        title="Stock-taking", matchers=[["shop", "=", "Berlin"]], repeats="weekly", weekdays=[2],
        first_on=date(2026, 1, 14), last_on=date(2026, 2, 4), starts=time(6), ends=time(20), timezone="Asia/Shanghai",
    )  # fmt: skip
    services.plan_window(workspace=workspace, by=editor.user, now=START, window=window)
    fall = services.watch_number(
        viewer=editor, now=START - timedelta(days=400), title="fall", indicator=metric.indicator, op="<", value=-0.3,
        kind="change", compare="baseline", scope="each", no_data="nodata",
    )  # fmt: skip
    begin, end = start_of_day(date(2026, 2, 6), zone), start_of_day(date(2026, 3, 18), zone)
    tick = begin
    while tick < end:  # each midnight, when a day has ended
        services.evaluate(workspace=workspace, now=tick)
        tick += timedelta(days=1)
    counts = the_same(editor, [fall], begin, end)
    assert counts == {"fall": 2}
    told = Transition.objects.filter(instance__watch=fall).order_by("at")
    assert [(row.step, row.instance.labels["shop"], row.at.astimezone(zone).date()) for row in told] == [
        ("fired", "Lyon", date(2026, 3, 13)), ("resolved", "Lyon", date(2026, 3, 14)),
    ]  # fmt: skip

    def judged() -> Any:
        found = metrics.judge_metric(metric=metric, around=end, now=end)
        days = {one.at.astimezone(zone).date(): place for place, one in enumerate(found.buckets)}
        marked = {found.buckets[one.index].at.astimezone(zone).date() for one in found.judged.signals}
        return marked, found.judged.upper[days[date(2026, 3, 16)]], found.judged.lower[days[date(2026, 2, 14)]]

    marked, upper, lower = judged()
    assert not marked & (shut | {date(2026, 2, 14)})
    assert lower > 150, "the Saturday in exchange is judged as a working day"
    rise = services.draft_watch(
        viewer=editor,
        now=START,
        indicator=metric.indicator,
        op=">",
        value=0.3,
        kind="change",
        compare="baseline",
        scope="each",
    )

    def fired(row: Watch) -> set[date]:
        tried = services.backtest(viewer=editor, watch=row, start=begin, end=end)
        return {one.since.astimezone(zone).date() for one in tried.episodes if one.labels["shop"] == "Berlin"}

    assert fired(rise) == set()
    MaintenanceWindow.objects.all().delete()
    assert date(2026, 2, 12) in fired(rise), "stock-taking would have become what is usual on a Wednesday"
    CalendarDay.objects.all().delete()
    assert date(2026, 2, 17) in fired(fall), "without the calendar the festival would have fired"
    plain_marked, plain_upper, plain_lower = judged()
    assert plain_marked & shut
    assert plain_lower < 100
    assert upper <= plain_upper, "the festival does not widen the limits"
