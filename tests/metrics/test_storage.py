"""How points are kept: in parts by time, with newest buckets, roll-ups and revisions beside them that always agree."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from metrics import analysis, services
from metrics.models import (
    Bucket,
    Latest,
    Metric,
    Point,
    Pulse,
    Revision,
    Rollup,
    buckets,
    newest,
    partitions,
    revised_since,
    versions,
)
from metrics.services import Given, deriving
from opsboard.core.models import User, Workspace
from opsboard.core.money import NoRate
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def metric_of(workspace: Workspace, key: str = "sales", **more: Any) -> Metric:
    given: dict[str, Any] = {"name": key.title(), "key": key, **more}
    return services.create_metric(workspace=workspace, by=None, now=NOW, **given)


def write(metric: Metric, *points: Given, now: datetime = NOW, **more: Any) -> services.Written:
    return services.write_points(metric=metric, points=points, by=None, now=now, **more)


def day(number: int, hour: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai."""
    return datetime(2026, 11, number, hour, tzinfo=UTC) - timedelta(hours=8)


def plain(found: list[Bucket]) -> list[tuple[Any, ...]]:
    return sorted(
        (one.metric_id, sorted(one.labels.items()), one.at, None if one.value is None else round(one.value, 6),
         round(one.weight, 6), one.revised)
        for one in found
    )  # fmt: skip


# --- parts ---


def test_points_lie_in_months_years_and_a_rest_that_is_emptied(workspace: Workspace) -> None:
    today = NOW.date()
    assert partitions.part_for(date(2026, 11, 18), today).name == "metrics_point_2026_11"
    assert partitions.part_for(date(2019, 5, 1), today).name == "metrics_point_2019"
    assert services.keep_partitions(today=today)["moved"] == 0
    metric = metric_of(workspace)
    ancient, far = datetime(1987, 6, 5, tzinfo=UTC), datetime(2031, 2, 3, tzinfo=UTC)
    write(metric, Given(ancient, 1), Given(day(2), 2), Given(far, 3))

    def part_of(at: datetime) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tableoid::regclass::text FROM metrics_point WHERE at = %s", [at])
            return str(cursor.fetchone()[0])

    assert [part_of(at) for at in (ancient, day(2), far)] == [partitions.REST, "metrics_point_2026_11", partitions.REST]
    done = services.keep_partitions(today=today)
    assert (done["made"], done["moved"]) == (2, 2)
    assert [part_of(at) for at in (ancient, far)] == ["metrics_point_1987", "metrics_point_2031_02"]
    assert services.keep_partitions(today=today) == {"made": 0, "moved": 0, "merged": 0}
    # Three years on the months of today are put together, and the coming ones are there.
    later = date(2029, 11, 18)
    assert services.keep_partitions(today=later)["merged"] == 3
    assert part_of(day(2)) == "metrics_point_2026"
    assert partitions.month_of(date(2030, 2, 1)) in partitions.existing()
    assert [one.value for one in buckets([metric.pk], grain="month")] == [1, 2, 3]


# --- what is kept beside the points agrees with them ---


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu", "Europe/Berlin"])
@pytest.mark.parametrize("aggregation", ["sum", "mean", "last", "min", "max", "count", "p90"])
def test_whatever_is_written_and_revised_reads_alike_from_points_and_from_roll_ups(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, zone: str, aggregation: str
) -> None:
    """Random writes, late ones and revisions, across a change of the clocks; every cut is read both ways."""
    monkeypatch.setattr(deriving, "ENOUGH", 10)
    monkeypatch.setattr(deriving, "DENSE", 0.01)
    chance = random.Random(f"{zone} {aggregation}")
    metric = metric_of(workspace, timezone=zone, aggregation=aggregation, grain="hour")
    start = datetime(2026, 10, 23, 21, tzinfo=UTC)

    def some(count: int) -> list[Given]:
        chosen = {(chance.randrange(72 * 4), chance.choice("AB")) for _ in range(count)}
        return [
            Given(start + timedelta(minutes=15 * step), chance.randrange(100), chance.randrange(1, 5), {"shop": shop})
            for step, shop in sorted(chosen)
        ]

    write(metric, *some(60))
    assert services.roll_up(metric_id=metric.pk) == 2
    for _round in range(3):
        write(metric, *some(30))
    cuts: list[dict[str, Any]] = [
        {"grain": grain, **more}
        for grain in ("hour", "day", "week")
        for more in ({}, {"by": ["shop"]}, {"start": start + timedelta(hours=7, minutes=20), "labels": {"shop": "A"}})
    ]
    cuts += [{"whole": True, "start": start + timedelta(hours=5), "end": start + timedelta(hours=55, minutes=10)}]
    rolled = [plain(buckets([metric.pk], **cut)) for cut in cuts]
    latest = [plain(newest([metric.pk], now=NOW, each=each)) for each in (False, True)]
    Pulse.objects.update(clock="another")  # now all is read from points
    for cut, found in zip(cuts, rolled, strict=True):
        assert found == plain(buckets([metric.pk], **cut)), cut
    assert latest == [plain(newest([metric.pk], now=NOW, each=each)) for each in (False, True)]
    assert Rollup.objects.exists()
    assert Latest.objects.count() == 2


def test_another_clock_is_read_right_at_once_and_rolled_up_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deriving, "ENOUGH", 10)
    metric = metric_of(workspace, grain="day")
    write(metric, *(Given(day(1) + timedelta(hours=hour), 1) for hour in range(72)))
    assert services.roll_up(metric_id=metric.pk) == 1
    assert [one.value for one in buckets([metric.pk])] == [24, 24, 24]
    Workspace.objects.update(timezone="Asia/Kolkata")
    assert [one.value for one in buckets([metric.pk])] == [3, 24, 24, 21]  # by a clock of half hours: from points
    assert newest([metric.pk], now=NOW)[0].value == 21
    assert services.worth_rolling() == [metric.pk]
    services.roll_up(metric_id=metric.pk)
    assert [one.value for one in buckets([metric.pk])] == [3, 24, 24, 21]
    assert Pulse.objects.get().clock.startswith("Asia/Kolkata")
    services.change_metric(metric=metric, by=None, now=NOW, version=1, grain="week")
    assert newest([metric.pk], now=NOW)[0].value == sum(one.value or 0 for one in buckets([metric.pk])[-1:])


def test_an_hour_that_comes_twice_is_two_hours(workspace: Workspace) -> None:
    metric = metric_of(workspace, timezone="Europe/Berlin", grain="hour")
    write(metric, *(Given(datetime(2026, 10, 25, hour, 30, tzinfo=UTC), 1) for hour in range(3)))
    assert [one.value for one in buckets([metric.pk])] == [1, 1, 1]


def test_percentiles_are_of_the_points(workspace: Workspace) -> None:
    p90, p50 = metric_of(workspace, "p90", aggregation="p90"), metric_of(workspace, "p50", aggregation="p50")
    for metric in (p90, p50):
        write(
            metric,
            *(Given(day(2) + timedelta(minutes=step), step, labels={"shop": "AB"[step % 2]}) for step in range(11)),
        )
    found = {one.metric_id: one.value for one in buckets([p90.pk, p50.pk])}
    assert found == {p90.pk: 9, p50.pk: 5}
    assert {one.labels["shop"]: one.value for one in buckets([p50.pk], by=["shop"])} == {"A": 5, "B": 5}
    assert [one.value for one in newest([p90.pk], now=NOW)] == [9]


# --- late data ---


def test_what_a_value_was_is_kept_and_late_points_are_named(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace)
    write(metric, Given(day(15), 10), Given(day(16), 20))
    assert not Revision.objects.exists()
    before = versions([metric.pk])
    later = NOW + timedelta(minutes=5)
    services.write_points(metric=metric, points=[Given(day(15), 12)], by=anna, now=later)
    write(metric, Given(day(15), 1, labels={"shop": "B"}), Given(day(17), 5), Given(day(3), 5), now=later)
    kept = Revision.objects.order_by("pk").values_list("value_before", "value", "by__name")
    assert list(kept) == [(10, 12, "Anna"), (None, 1, None)]  # 17 is new, 3 is history
    assert {(dict(labels).get("shop"), at) for _m, labels, at in revised_since([metric.pk], NOW, now=later)} == {
        (None, day(15)), ("B", day(15)),
    }  # fmt: skip
    assert revised_since([metric.pk], later, now=later) == []
    assert [one.revised for one in buckets([metric.pk])] == [False, True, False, False]
    assert versions([metric.pk]) != before
    page = sign_in(anna).get(metric.get_absolute_url()).content.decode()
    assert "What was revised" in page
    assert "came late" in page
    write(metric, Given(day(14), 7), now=later, backfill=True)
    assert Revision.objects.count() == 2


# --- calculated metrics ---


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a / b", 2.5), ("(a - b) / a", 0.6), ("1 - b / a", 0.6), ("-a + 2 * b", -2), ("a/b/2", 1.25), ("a × b ÷ 4", 10),
        ("[a] − 0.5", 9.5), ("a / (b - 4)", None), ("a + c", None), ("on-time - a", -9),
    ],
)  # fmt: skip
def test_formulas_are_counted(text: str, value: float | None) -> None:
    assert analysis.value_of(analysis.parse(text), {"a": 10, "b": 4, "on-time": 1}) == value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"), ("a +", "end"), ("(a", "closed"), ("a b", "sign"), ("a)", "sign"), ("__import__('os')", "sign"),
        ("a ** 2", "sign"), ("a; b", "sign"), ("(" * 300 + "a", "deep"), ("a // b", "sign"), ("9" * 40, "sign"),
        ("+".join(f"k{n}" for n in range(30)), "many"), ("A / B", "sign"), ("a.b", "sign"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text: str, what: str) -> None:
    with pytest.raises(analysis.FormulaError) as refusal:
        analysis.parse(text)
    assert refusal.value.what == what


def test_a_calculated_rate_is_sum_over_sum_everywhere(workspace: Workspace) -> None:
    returned, orders = metric_of(workspace, "returned"), metric_of(workspace, "orders")
    rate = metric_of(workspace, "return-rate", aggregation="formula", formula="returned / orders", unit="%")
    kept = metric_of(workspace, "kept", aggregation="formula", formula="1 - return-rate", unit="%")
    write(returned, Given(day(2), 1, labels={"shop": "A"}), Given(day(3), 9, labels={"shop": "B"}))
    write(orders, Given(day(2), 100, labels={"shop": "A"}), Given(day(3), 10, labels={"shop": "B"}), Given(day(4), 0))
    assert [one.value for one in buckets([rate.pk])] == [0.01, 0.9, None]
    (whole,) = buckets([rate.pk], whole=True, end=day(4))
    assert (whole.value, whole.weight) == (10 / 110, 110)
    assert {one.labels["shop"]: one.value for one in buckets([rate.pk], by=["shop"], whole=True) if one.labels} == {
        "A": 0.01, "B": 0.9,
    }  # fmt: skip
    assert [one.value for one in newest([kept.pk], now=NOW)] == [pytest.approx(0.1)]
    before = versions([kept.pk])
    write(orders, Given(day(3), 18, labels={"shop": "B"}))
    assert versions([kept.pk]) != before
    assert [one.value for one in newest([kept.pk], now=NOW)] == [0.5]
    for refused in (
        lambda: write(rate, Given(day(2), 1)),
        lambda: services.archive_metric(metric=orders, by=None, now=NOW),
        lambda: services.change_metric(metric=rate, by=None, now=NOW, version=1, formula="kept / orders"),
        lambda: services.change_metric(metric=orders, by=None, now=NOW, version=1, grain="week"),
    ):
        with pytest.raises(ValidationError):
            refused()
    services.change_metric(metric=orders, by=None, now=NOW, version=1, key="sold")
    assert Metric.objects.get(key="return-rate").formula == "returned / sold"
    assert [one.value for one in newest([kept.pk], now=NOW)] == [0.5]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"formula": "minutes + orders"}, "formula"), ({"formula": "orders / nobody"}, "formula"), ({"formula": "7"}, "formula"),
        ({"formula": "orders / weekly"}, "grain"), ({"formula": "orders / berlin"}, "timezone"),
        ({"formula": "sales / costs"}, "currency"), ({"formula": ""}, "formula"), ({"formula": "x / x", "key": "x"}, "formula"),
        ({"aggregation": "sum", "formula": "orders"}, "formula"),
    ],
)  # fmt: skip
def test_what_cannot_be_calculated_together_is_refused(workspace: Workspace, given: dict[str, Any], field: str) -> None:
    for key, more in (
        ("orders", {}), ("minutes", {"unit": "min"}), ("weekly", {"grain": "week"}), ("berlin", {"timezone": "Europe/Berlin"}),
        ("sales", {"currency": "EUR"}), ("costs", {"currency": "CNY"}),
    ):  # fmt: skip
        metric_of(workspace, key, **(more | ({"unit": "pieces"} if key == "orders" else {})))
    with pytest.raises(ValidationError) as refusal:
        metric_of(workspace, **{"key": "new", "aggregation": "formula", **given})
    assert field in refusal.value.message_dict


# --- money ---


def test_money_is_converted_at_the_rate_of_its_day(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deriving, "ENOUGH", 2)
    monkeypatch.setattr(deriving, "DENSE", 0.01)
    sales = metric_of(workspace, currency="USD")
    costs = metric_of(workspace, "costs", currency="CNY")
    margin = metric_of(workspace, "margin", currency="CNY", aggregation="formula", formula="(sales - costs) / sales")
    write(sales, Given(day(2), 10), Given(day(3), 10))
    write(costs, Given(day(3), 40))
    with pytest.raises(NoRate):
        buckets([sales.pk], currency="CNY")
    client, page = sign_in(anna), sales.get_absolute_url() + "?currency=CNY&span=all"
    rates = f"/{workspace.slug}/metrics/rates/"
    rate = {"day": "2026-11-03", "source": "USD", "rate": "8", "target": "CNY"}
    assert client.post(rates, rate).status_code == 303
    assert "There is no rate from USD to CNY on 2026-11-02" in client.get(page).content.decode()
    assert client.post(rates, {**rate, "rate": "-1"}).status_code == 422
    assert client.post(rates, {**rate, "target": "USD"}).status_code == 422
    assert client.post(rates, {**rate, "target": "XXY"}).status_code == 422
    services.set_rate(
        workspace=workspace, day=date(2026, 11, 1), source="CNY", target="USD", rate=Decimal("0.25"), now=NOW
    )
    assert [one.value for one in buckets([sales.pk], currency="CNY", grain="month")] == [120]
    assert services.roll_up(metric_id=sales.pk) == 2
    assert [one.value for one in buckets([sales.pk], currency="CNY", grain="month")] == [120]
    assert [one.value for one in newest([sales.pk], now=NOW, currency="CNY")] == [80]
    assert [one.value for one in buckets([margin.pk], start=day(3))] == [0.5]
    assert "80 CNY" in client.get(page).content.decode()
    listed = client.get(rates).content.decode()
    assert "0.25" in listed
    pk = listed.split("/remove/")[0].rsplit("/", 1)[1]
    assert client.post(f"{rates}{pk}/remove/").status_code == 303


# --- changing what values mean ---


def test_another_unit_is_asked_about_once_there_are_values(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, unit="min")
    client, url = sign_in(anna), f"{metric.get_absolute_url()}edit/"
    form = {"name": "Sales", "unit": "h", "direction": "up", "aggregation": "sum", "grain": "day", "version": "1"}
    write(metric, Given(day(2), 90))
    refused = client.post(url, form)
    assert refused.status_code == 422
    assert "what was min is read as h from now on" in refused.content.decode()
    assert client.post(url, {**form, "sure": "on"}).status_code == 303
    assert Metric.objects.get().unit == "h"
    assert Point.objects.get().value == 90
