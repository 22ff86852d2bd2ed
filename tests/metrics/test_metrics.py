"""How a metric adds up, who sees it, what the house hears of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from metrics import charts, services
from metrics.contract.week import tell_week
from metrics.models import Metric, Point, buckets, dimensions_of, newest
from metrics.services import Given
from opsboard.core import access, periods, registry
from opsboard.core.contract import Parts
from opsboard.core.models import Occurrence, Team, User, Workspace
from opsboard.core.versions import StaleVersion
from tests.conftest import viewer_for

pytestmark = pytest.mark.django_db


def metric_of(workspace: Workspace, now: datetime, key: str = "sales", **more: Any) -> Metric:
    given: dict[str, Any] = {"name": key.title(), "key": key, **more}
    return services.create_metric(workspace=workspace, by=None, now=now, **given)


def write(metric: Metric, now: datetime, *points: Given) -> services.Written:
    return services.write_points(metric=metric, points=points, by=None, now=now)


def day(number: int, hour: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai, as UTC."""
    return datetime(2026, 11, number, hour, tzinfo=UTC) - timedelta(hours=8)


def test_sums_add_up_and_means_are_weighed(workspace: Workspace, now: datetime) -> None:
    total = metric_of(workspace, now, "total", aggregation="sum")
    mean = metric_of(workspace, now, "mean", aggregation="mean")
    for metric in (total, mean):
        write(metric, now, Given(day(2), 10, 1, {"shop": "A"}), Given(day(3), 40, 3, {"shop": "B"}))
    whole = {one.metric_id: one.value for one in buckets([total.pk, mean.pk], whole=True)}
    assert whole == {total.pk: 50, mean.pk: 32.5}


def test_stock_is_the_newest_of_each_shop_added_up(workspace: Workspace, now: datetime) -> None:
    stock = metric_of(workspace, now, aggregation="last")
    write(
        stock, now, Given(day(2, 8), 10, labels={"shop": "A"}), Given(day(2, 18), 7, labels={"shop": "A"}),
        Given(day(2, 9), 5, labels={"shop": "B"}),
    )  # fmt: skip
    assert [one.value for one in buckets([stock.pk])] == [12]
    assert {one.labels["shop"]: one.value for one in buckets([stock.pk], by=["shop"])} == {"A": 7, "B": 5}


def test_nothing_out_of_nothing_has_no_value(workspace: Workspace, now: datetime) -> None:
    rate = metric_of(workspace, now, aggregation="ratio")
    write(rate, now, Given(day(2), 0, 0))
    (one,) = buckets([rate.pk])
    assert one.value is None


def test_days_begin_by_the_metrics_own_clock(workspace: Workspace, now: datetime) -> None:
    late = Given(datetime(2026, 11, 2, 20, tzinfo=UTC), 1)  # 3 November in Shanghai, 2 November in Berlin
    here, there = metric_of(workspace, now, "here"), metric_of(workspace, now, "there", timezone="Europe/Berlin")
    write(here, now, late)
    write(there, now, late)
    starts = {one.metric_id: one.at for one in buckets([here.pk, there.pk])}
    assert starts[here.pk] == datetime(2026, 11, 2, 16, tzinfo=UTC)
    assert starts[there.pk] == datetime(2026, 11, 1, 23, tzinfo=UTC)


def test_weeks_begin_on_sunday_where_the_workspace_says_so(workspace: Workspace, now: datetime) -> None:
    metric = metric_of(workspace, now)
    write(metric, now, Given(day(8), 1), Given(day(9), 2))  # a Sunday and a Monday
    assert [one.value for one in buckets([metric.pk], grain="week")] == [1, 2]
    Workspace.objects.filter(pk=workspace.pk).update(week_start="sunday")
    assert [one.value for one in buckets([metric.pk], grain="week")] == [3]


def test_a_day_of_25_hours_is_one_day(workspace: Workspace, now: datetime) -> None:
    metric = metric_of(workspace, now, timezone="Europe/Berlin", grain="day")
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    write(metric, now, *(Given(midnight + timedelta(hours=hour), 1) for hour in range(26)))
    assert [one.value for one in buckets([metric.pk])] == [25, 1]


def test_the_same_points_again_change_nothing(workspace: Workspace, now: datetime) -> None:
    metric = metric_of(workspace, now)
    assert write(metric, now, Given(day(2), 1), Given(day(3), 2)).as_dict() == {
        "written": 2, "unchanged": 0, "revised": 0,
    }  # fmt: skip
    assert write(metric, now, Given(day(2), 1), Given(day(3), 5)).as_dict() == {
        "written": 0, "unchanged": 1, "revised": 1,
    }  # fmt: skip
    assert Point.objects.get(revised_at=now).value == 5


@pytest.mark.parametrize(
    "point",
    [Given(day(2), float("nan")), Given(day(2), float("inf")), Given(day(2), 1, -1), Given(day(2), 1, 1, {"": "x"})],
)
def test_numbers_that_cannot_be_counted_with_are_refused(workspace: Workspace, now: datetime, point: Given) -> None:
    metric = metric_of(workspace, now)
    with pytest.raises(ValidationError) as refusal:
        write(metric, now, Given(day(1), 1), point)
    assert "points.1" in refusal.value.message_dict
    assert not Point.objects.exists()


def test_two_values_for_one_time_are_refused(workspace: Workspace, now: datetime) -> None:
    metric = metric_of(workspace, now)
    with pytest.raises(ValidationError):
        write(metric, now, Given(day(1), 1), Given(day(1), 2))


def test_the_newest_value_may_come_from_the_past_but_not_from_the_future(workspace: Workspace, now: datetime) -> None:
    metric = metric_of(workspace, now)
    write(metric, now, Given(day(2), 1), Given(day(2, 5), 2), Given(day(3), 7, labels={"shop": "A"}))
    write(metric, now, Given(now + timedelta(days=40), 99))
    (one,) = newest([metric.pk], now=now)
    assert one.value == 7
    assert {found.value for found in newest([metric.pk], now=now, each=True)} == {3, 7}


def test_others_read_every_metric_in_a_few_queries(
    workspace: Workspace, anna: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    keys = []
    for number in range(8):
        metric = metric_of(workspace, now, f"m{number}")
        write(metric, now, Given(day(2), number, labels={"shop": "A"}), Given(day(2), 1, labels={"shop": "B"}))
        keys.append(metric.indicator)
    viewer = viewer_for(anna, workspace)
    registry.read(viewer, keys, now)  # the labels are asked for once
    with django_assert_max_num_queries(6):  # four of ours, and the savepoint around them
        readings = registry.read(viewer, keys, now)
    mine = [one for one in readings if one.key == "metrics.value:m5"]
    assert sorted((one.labels.get("shop", ""), one.value) for one in mine) == [("", 6), ("A", 5), ("B", 1)]
    assert registry.watchable(viewer, "metrics.value:m5").dimensions == ("shop",)
    period = periods.month_of(now.date(), workspace.zone)
    assert [one.value for one in registry.history(viewer, keys, period)["metrics.value:m5"]] == [6]
    each = registry.history(viewer, keys, period, Parts())["metrics.value:m5"]
    assert sorted((one.labels.get("shop", ""), one.value) for one in each) == [("", 6), ("A", 5), ("B", 1)]


def test_a_metric_of_one_team_is_nobody_elses_business(
    workspace: Workspace, anna: User, wang: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    team = Team.objects.get(name="Warehouse")
    metric = metric_of(workspace, now, limited_to=[team.pk])
    write(metric, now, Given(day(2), 1))
    assert not registry.read(viewer_for(anna, workspace), [metric.indicator], now)
    assert registry.read(viewer_for(wang, workspace), [metric.indicator], now)
    assert sign_in(anna).get(metric.get_absolute_url()).status_code == 404
    assert sign_in(wang).get(metric.get_absolute_url()).status_code == 200


def test_archived_metrics_leave_lists_and_watches(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now)
    services.archive_metric(metric=metric, by=anna, now=now)
    viewer = access.the_house(workspace)
    assert not registry.read(viewer, [metric.indicator], now)
    listed = sign_in(anna).get(reverse("metrics:metric_list", kwargs={"workspace": workspace.slug}))
    assert metric.get_absolute_url() not in listed.content.decode()


def test_a_stale_save_shows_both_texts(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now)
    services.change_metric(metric=metric, by=None, now=now, version=1, name="Sales of the day")
    with pytest.raises(StaleVersion):
        services.change_metric(metric=metric, by=None, now=now, version=1, name="Turnover")
    url = reverse("metrics:change_metric", kwargs={"workspace": workspace.slug, "pk": metric.pk})
    form = {"name": "Turnover", "direction": "up", "aggregation": "sum", "grain": "day", "version": "1"}
    answer = sign_in(anna).post(url, form)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Sales of the day" in text
    assert "Turnover" in text


def test_off_target_in_the_wrong_direction_is_found(workspace: Workspace, anna: User, now: datetime) -> None:
    slow = metric_of(workspace, now, "minutes", direction="down", target=10.0, aggregation="mean", unit="min")
    good = metric_of(workspace, now, "rate", direction="up", target=0.9, aggregation="ratio")
    write(slow, now, Given(day(16), 14))
    write(good, now, Given(day(16), 0.95, 20))
    viewer = viewer_for(anna, workspace)
    week = periods.week_of(now.date(), workspace.zone)
    found = [one for one in registry.find(viewer, week) if one.key.startswith("metrics.off_target")]
    assert [one.key for one in found if one.key.startswith("metrics.")] == ["metrics.off_target:minutes"]
    assert "14 min" in str(found[0].detail)


def week_told(anna: User, workspace: Workspace, slug: str) -> dict[str, Any]:
    told = tell_week(viewer_for(anna, workspace), workspace.period(slug))
    assert told is not None
    (row,) = told["rows"]
    return dict(row)


def test_a_week_of_a_sum_is_held_against_the_targets_of_its_days(
    workspace: Workspace, anna: User, now: datetime
) -> None:
    sums = metric_of(workspace, now, "complaints", direction="down", target=9.0, aggregation="sum", grain="day")
    write(sums, now, *(Given(day(number), 8) for number in range(2, 9)))
    row = week_told(anna, workspace, "2026-W45")
    assert (row["value"], row["off"]) == (56, False)
    write(sums, now, Given(day(8), 16))
    assert week_told(anna, workspace, "2026-W45")["off"]


def test_a_week_that_still_runs_is_compared_with_the_same_part_of_the_one_before(
    workspace: Workspace, anna: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: day(11, 12))  # Wednesday noon
    sums = metric_of(workspace, now, "orders", direction="up", target=10.0, aggregation="sum", grain="day")
    write(sums, now, *(Given(day(number), 10) for number in range(2, 12)))
    row = week_told(anna, workspace, "2026-W46")
    assert (row["value"], row["change"], row["off"], row["running"]) == (30, 0, False, True)
    write(sums, now, Given(day(11), 1))  # today is not over: 21 of the 20 that Monday and Tuesday should bring
    assert not week_told(anna, workspace, "2026-W46")["off"]
    write(sums, now, Given(day(10), 5))
    assert week_told(anna, workspace, "2026-W46")["off"]


def test_a_months_target_says_nothing_about_a_week(workspace: Workspace, anna: User, now: datetime) -> None:
    sums = metric_of(workspace, now, "sales", direction="up", target=1000.0, aggregation="sum", grain="month")
    write(sums, now, Given(day(2), 300))
    assert not week_told(anna, workspace, "2026-W45")["off"]


def test_what_is_written_by_hand_is_told_once(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now)
    url = reverse("metrics:add_value", kwargs={"workspace": workspace.slug, "pk": metric.pk})
    client = sign_in(anna)
    assert client.get(url).status_code == 200
    assert client.post(url, {"at": "2026-11-03", "value": "many"}).status_code == 422
    assert client.post(url, {"at": "2026-11-03", "value": "12.5"}).status_code == 303
    client.post(url, {"at": "2026-11-03", "value": "12.5"})
    assert Point.objects.get().at == day(3)
    assert Occurrence.objects.filter(key="metrics.points_written").count() == 1
    assert dimensions_of([metric.pk]) == {}


def test_pages_show_a_metric_in_any_cut(
    workspace: Workspace, victor: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now, aggregation="ratio", target=0.9)
    points = [Given(day(number), 0.8, 5, {"shop": shop}) for number in range(1, 20) for shop in ("A", "B")]
    write(metric, now, *points)
    client, url = sign_in(victor), metric.get_absolute_url()
    plain = client.get(url).content.decode()
    assert "80.0%" in plain
    assert "<svg" in plain
    for query in ("?grain=week&by=shop", "?label.shop=A&span=all", "?explore=1", "?from=2026-11-05&to=2026-11-06",
                  "?span=x&grain=y&by=z&from=0000-99-99&page=-1", "?sort=-value", "?export=csv", "?export=xlsx"):  # fmt: skip
        assert client.get(url + query).status_code == 200, query
    listed = reverse("metrics:metric_list", kwargs={"workspace": workspace.slug})
    for query in ("", "?state=off", "?state=on", "?archived=yes", "?sort=-target", "?export=csv", "?export=xlsx"):
        assert client.get(listed + query).status_code == 200, query
    assert metric.name in client.get(listed + "?state=off").content.decode()
    assert metric.name not in client.get(listed + "?state=on").content.decode()
    new = reverse("metrics:create_metric", kwargs={"workspace": workspace.slug})
    assert client.get(new).status_code == 403


def test_the_week_is_told_on_screen_and_paper(workspace: Workspace, anna: User, now: datetime) -> None:
    from django.template.loader import render_to_string  # noqa: PLC0415

    metric = metric_of(workspace, now, direction="down", target=10.0, owner=anna, aggregation="mean")
    for week in range(12):
        write(metric, now, Given(day(16) - timedelta(weeks=week), 12 - week / 2))
    section = next(one for one in registry.sections() if one.key == "metrics.week")
    told = section.tell(viewer_for(anna, workspace), periods.week_of(now.date(), workspace.zone))
    assert told is not None
    assert (told["rows"][0]["value"], told["rows"][0]["change"]) == (12, 0.5)
    for medium in ("screen", "print"):
        text = render_to_string(section.template, {**told, "medium": medium, "section": section})
        assert "Off target" in text
        assert ("<a href" in text) == (medium == "screen")


def test_a_long_time_by_the_minute_is_shown_by_a_coarser_grain(
    workspace: Workspace, victor: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now, grain="minute")
    write(metric, now, *(Given(day(1) + timedelta(days=number), 1) for number in range(20)))
    page = sign_in(victor).get(f"{metric.get_absolute_url()}?span=all")
    assert (page.context["asked"]["grain"], page.context["shown"].total) == ("hour", 20)


@pytest.mark.parametrize("much", [1e16, 1e308, -1e308])
def test_what_cannot_be_added_up_is_refused(workspace: Workspace, now: datetime, much: float) -> None:
    mean = metric_of(workspace, now, aggregation="mean")
    for point in (Given(day(2), much), Given(day(2), 1, abs(much))):
        with pytest.raises(ValidationError, match="too large"):
            write(mean, now, point)
    with pytest.raises(ValidationError, match="too large"):
        metric_of(workspace, now, "other", target=much)


def test_next_to_nothing_is_nought(workspace: Workspace, now: datetime) -> None:
    mean = metric_of(workspace, now, aggregation="mean")
    write(mean, now, Given(day(2), 1e-200, 1e-200), Given(day(3), -4e-320, 1))
    assert [one.value for one in buckets([mean.pk])] == [None, 0]


@pytest.mark.parametrize(
    ("aggregation", "change", "text"),
    [
        ("mean", 0.5, "+0.5"),
        ("mean", -0.5, "−0.5"),
        ("mean", -0.01, "0.0"),
        ("mean", 0.01, "0.0"),
        ("ratio", -0.0004, "0.0 pp"),
        ("ratio", 0.004, "+0.4 pp"),
    ],
)
def test_a_change_too_little_to_be_seen_has_no_sign(
    workspace: Workspace, now: datetime, aggregation: str, change: float, text: str
) -> None:
    assert charts.change_text(metric_of(workspace, now, aggregation=aggregation, decimals=1), change) == text


def test_shares_are_typed_in_per_cent_and_kept_as_nought_to_one(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], now: datetime
) -> None:
    client, new = sign_in(anna), f"/{workspace.slug}/metrics/new/"
    typed = {"name": "On time", "unit": "", "direction": "up", "aggregation": "ratio", "grain": "day", "owner": anna.pk}
    wrong = client.post(new, typed | {"target": "a lot"})
    assert wrong.status_code == 422
    assert "“a lot” is not a number." in wrong.text
    assert client.post(new, typed | {"target": "95,5 %"}).status_code == 303
    twice = client.post(new, typed | {"name": "on time"})  # a second click, or another tab
    assert (twice.status_code, "There is a metric of this name already." in twice.text) == (422, True)
    row = Metric.objects.get(name="On time")
    assert row.target == 0.955
    edit = client.get(row.get_absolute_url() + "edit/").text
    assert 'value="95.5"' in edit
    assert '<span class="unit">%</span>' in edit
    client.post(row.get_absolute_url() + "values/new/", {"at": "2026-11-02", "value": "７０％", "weight": "1.000,0"})
    assert list(Point.objects.filter(label_set__metric=row).values_list("value", "weight")) == [(0.7, 1000)]
    record = f"/{workspace.slug}/do/metrics.record_point/"
    client.post(record, {"metric": row.key, "value": "80", "at": "2026-11-03"})
    action = {"title": "Later pick-up", "indicator": row.indicator, "goal": "97,5", "urgency": 2, "importance": 2}
    client.post(f"/{workspace.slug}/do/work.open_action/", action)
    told = Occurrence.objects.filter(key="work.action_opened").get()
    assert set(Point.objects.filter(label_set__metric=row).values_list("value", flat=True)) == {0.7, 0.8}
    opened = f"/{workspace.slug}/work/actions/{told.about_id}/"
    assert "97.5%" in client.get(opened).text
    assert 'value="97.5"' in client.get(opened + "change/").text
    hours = typed | {"name": "Wait", "aggregation": "mean", "unit": "h", "target": "2 h"}
    assert client.post(new, hours).status_code == 303
    assert Metric.objects.get(name="Wait").target == 2
