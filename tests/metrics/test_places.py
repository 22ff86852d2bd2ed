"""Shops with a clock of their own: their rows are read by it, and their days begin by it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from metrics import services
from metrics.models import Metric, Place, Point, buckets, by_hours, newest, versions
from metrics.services import Given, roll_up
from opsboard.core.models import Job, Role, User, Workspace
from tests.conftest import NOW
from tests.metrics.test_api import program
from tests.metrics.test_imports import bring_in

pytestmark = pytest.mark.django_db
SHOPS = {"Berlin": "Europe/Berlin", "Pune": "Asia/Kolkata", "Hangzhou": ""}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def day(number: int) -> datetime:
    """The beginning of a day of October 2026 in Shanghai."""
    return datetime(2026, 10, number, tzinfo=UTC) - timedelta(hours=8)


@pytest.fixture
def sales(workspace: Workspace) -> Metric:
    """25 October has 25 hours in Berlin, and begins half an hour beside all others in Pune."""
    for shop, zone in SHOPS.items():
        if zone:
            services.set_place(workspace=workspace, dimension="shop", value=shop, timezone=zone, now=NOW)
    metric = services.create_metric(workspace=workspace, by=None, now=NOW, name="Sales", key="sales")
    rows = {
        "Berlin": {"10-24T21:59": 1024, "10-24T22:00": 1, "10-25T22:59": 2, "10-25T23:00": 4},
        "Pune": {"10-24T18:29": 512, "10-24T18:30": 8, "10-25T18:29": 16, "10-25T18:30": 32},
        "Hangzhou": {"10-24T16:00": 64, "10-25T16:00": 128},
    }
    points = [Given(utc(at), value, 1, {"shop": shop}) for shop, by in rows.items() for at, value in by.items()]
    services.write_points(metric=metric, points=points, by=None, now=NOW)
    return metric


def by_day(metric: Metric, **asked: Any) -> dict[tuple[str, int], float | None]:
    found = buckets([metric.pk], **asked)
    return {(one.labels.get("shop", ""), (one.at + timedelta(hours=8)).day): one.value for one in found}


def test_each_shop_has_its_own_business_day_and_the_day_of_all_is_their_sum(sales: Metric) -> None:
    two_days: dict[str, Any] = {"start": day(25), "end": day(27)}
    parts = {
        ("Berlin", 25): 3, ("Berlin", 26): 4, ("Pune", 25): 24, ("Pune", 26): 32, ("Hangzhou", 25): 64, ("Hangzhou", 26): 128,
    }  # fmt: skip
    for _turn in ("points", "roll-ups"):
        assert by_day(sales, **two_days) == {("", 25): 91, ("", 26): 164}
        assert by_day(sales, by=["shop"], **two_days) == parts
        assert by_day(sales, each=True, labels={"shop": "Pune"}, start=day(25), end=day(26)) == {("Pune", 25): 24}
        assert by_day(sales)["", 24] == 1024 + 512
        assert [one.value for one in buckets([sales.pk], whole=True, **two_days)] == [255]
        assert [one.value for one in buckets([sales.pk], grain="month")] == [255 + 1024 + 512]
        (whole,) = newest([sales.pk], now=NOW)
        assert (whole.value, whole.at) == (164, day(26))
        assert {one.labels["shop"]: one.value for one in newest([sales.pk], now=NOW, each=True)} == {
            "Berlin": 4, "Pune": 32, "Hangzhou": 128,
        }  # fmt: skip
        # At 23 h of the 24th in Berlin it is the 25th elsewhere.
        assert [one.value for one in newest([sales.pk], now=utc("10-24T21:59"))] == [8 + 64]
        roll_up(metric_id=sales.pk)
    text = versions([sales.pk])
    Place.objects.all().delete()
    assert versions([sales.pk]) != text, "what is drawn is drawn anew"
    assert by_day(sales, **two_days) == {("", 25): 1024 + 512 + 64 + 1 + 8, ("", 26): 2 + 4 + 16 + 32 + 128}


def test_hours_are_the_time_itself_but_hours_of_the_week_are_what_the_clocks_there_show(
    sales: Metric, workspace: Workspace
) -> None:
    calls = services.create_metric(workspace=workspace, by=None, now=NOW, name="Calls", key="calls", grain="hour")
    monday_half_past_nine = {"Berlin": "10-26T08:30", "Pune": "10-26T04:00", "Hangzhou": "10-26T01:30"}
    points = [Given(utc(at), 1, 1, {"shop": shop}) for shop, at in monday_half_past_nine.items()]
    services.write_points(metric=calls, points=points, by=None, now=NOW)
    span: dict[str, Any] = {"start": day(26), "end": day(27)}
    assert [one.at for one in buckets([calls.pk], **span)] == [
        utc("10-26T01:00"),
        utc("10-26T04:00"),
        utc("10-26T08:00"),
    ]
    assert [(one.at, one.value) for one in buckets([calls.pk], by_places=True, **span)] == [(utc("10-26T01:00"), 3)]
    assert [row[:4] for row in by_hours(calls, [(day(26), day(27))], ())] == [(0, 9, True, 3)]
    assert [one.value for one in newest([calls.pk], now=NOW)] == [1]


def test_a_files_local_times_are_those_of_the_shop(sales: Metric, workspace: Workspace, anna: User) -> None:
    content = (
        "at,shop,value\n2026-03-29 02:30,Berlin,1\n2026-03-29 09:00,Berlin,2\n2026-03-29 09:00,Pune,3\n"
        "2026-03-29 09:00,Hangzhou,4\n2026-03-29T09:00:00Z,Berlin,5\n"
    )
    mapping = {"key": "sales", "at": "at", "value": "value", "labels": ["shop"]}
    job = bring_in(workspace, anna, NOW, content.encode(), mapping)
    assert job.state == Job.State.DONE, job.error
    found = Point.objects.filter(at__lt=utc("04-01T00:00")).values_list("value", "at")
    assert dict(found) == {
        1: utc("03-29T01:30"), 2: utc("03-29T07:00"), 3: utc("03-29T03:30"), 4: utc("03-29T01:00"), 5: utc("03-29T09:00"),
    }  # fmt: skip


def test_the_page_and_the_api_keep_the_list(
    workspace: Workspace, anna: User, victor: User, sign_in: Callable[[User], Client]
) -> None:
    client, address = sign_in(anna), f"/{workspace.slug}/metrics/places/"
    assert "No place yet" in client.get(address).content.decode()
    given = {"dimension": "shop", "value": "Berlin", "timezone": "Europe/Berlin"}
    assert client.post(address, given | {"timezone": "Mars/Base"}).status_code == 422
    assert client.post(address, given).status_code == 303
    assert client.post(address, given | {"timezone": "Europe/Paris"}).status_code == 303
    row = Place.objects.get()
    assert (str(row), row.timezone) == ("shop = Berlin", "Europe/Paris")
    assert "Europe/Paris" in client.get(address).content.decode()
    assert sign_in(victor).post(f"{address}{row.pk}/remove/").status_code == 403
    assert client.post(f"{address}{row.pk}/remove/").status_code == 303
    assert not Place.objects.exists()
    api = program(workspace, anna, Role.EDITOR, NOW)
    told = {"label": "shop", "value": "Pune", "timezone": "Asia/Kolkata"}
    assert api.put("/api/v1/north-plant/places", told, content_type="application/json").json() == told
    assert api.get("/api/v1/north-plant/places").json() == [told]
    with pytest.raises(ValidationError):
        services.set_place(workspace=workspace, dimension="", value="x", timezone="UTC", now=NOW)
