"""One value by hand: of which part, in whose place, and never of a day that is still to come."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from metrics import services
from metrics.models import Latest, Metric, Point, Pulse, Revision, Rollup, buckets, newest
from metrics.services import Given
from opsboard.core.models import Occurrence, User, Workspace
from opsboard.core.periods import start_of_day
from tests.metrics.test_metrics import metric_of, write

pytestmark = pytest.mark.django_db


def today(metric: Metric, back: int = 0) -> datetime:
    local = timezone.localtime(timezone.now(), metric.zone)
    return start_of_day(local.date() - timedelta(days=back), metric.zone)


def spelled(metric: Metric, back: int) -> str:
    return timezone.localtime(today(metric, back), metric.zone).strftime("%Y-%m-%d")


def whole(metric: Metric) -> dict[datetime, float | None]:
    return {one.at: one.value for one in buckets([metric.pk])}


def test_a_value_says_which_part_it_is_of_and_what_it_replaces(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now, aggregation="sum")
    at = today(metric, 1)
    write(metric, now, *(Given(at, value, 1, {"shop": shop}) for shop, value in (("Hill", 164), ("Lake", 328))))
    client, url = sign_in(anna), metric.get_absolute_url() + "values/"
    hill = str(metric.label_sets.get(labels={"shop": "Hill"}).pk)
    typed = {"at": spelled(metric, 1), "value": "170"}
    silent = client.post(url + "new/", typed)
    assert (silent.status_code, Point.objects.count()) == (422, 2)
    there = client.get(url + "there/", {"at": typed["at"], "labels": hill}).text
    assert f"{typed['at']}, Hill: 164; it will be replaced." in there
    beside = client.get(url + "there/", {"at": typed["at"], "labels": "none"}).text
    assert "it replaces none of them" in beside
    assert client.post(url + "new/", typed | {"labels": hill}).status_code == 303
    assert whole(metric) == {at: 498}
    assert client.post(url + "new/", typed | {"labels": "none"}).status_code == 303
    assert whole(metric) == {at: 668}


@pytest.mark.parametrize(("grain", "step"), [("day", 1), ("week", 7), ("month", 31), ("hour", 1)])
def test_what_is_still_to_come_is_refused_beside_the_field(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client], grain: str, step: int
) -> None:
    metric = metric_of(workspace, now, grain=grain)
    client, url = sign_in(anna), metric.get_absolute_url() + "values/new/"
    suffix = "T10:00" if grain == "hour" else ""
    refused = client.post(url, {"at": spelled(metric, -step) + suffix, "value": "5"})
    assert (refused.status_code, "This time is still to come." in refused.text) == (422, True)
    assert client.post(url, {"at": spelled(metric, step) + suffix, "value": "5"}).status_code == 303
    record = {"metric": metric.key, "value": "5", "at": spelled(metric, -step)}
    assert client.post(f"/{workspace.slug}/do/metrics.record_point/", record).status_code == 422
    assert Point.objects.count() == 1


def test_an_imported_future_row_stays_out_of_the_page_until_its_day(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now)
    write(metric, now, Given(today(metric, 2), 110), Given(today(metric, 1), 115), Given(today(metric, -90), 987654))
    client, url = sign_in(anna), metric.get_absolute_url()
    for asked in ("", "?span=all", f"?from={spelled(metric, 9)}&to={spelled(metric, -99)}"):
        text = client.get(url + asked).text
        assert spelled(metric, 1) in text
        assert spelled(metric, 2) in text
        assert "987" not in text
        assert f"values of days to come, up to {spelled(metric, -90)}" in text
    late = f"at={today(metric, -90).isoformat().replace('+', '%2B')}"
    (label_set,) = metric.label_sets.all()
    assert "987,654" in client.get(f"{url}values/?{late}").text
    assert client.post(f"{url}values/{label_set.pk}/delete/?{late}").status_code == 303
    assert "to come" not in client.get(url).text


def test_a_wrongly_typed_value_is_corrected_and_deleted_with_what_it_was_kept(
    workspace: Workspace, anna: User, victor: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now, aggregation="mean", unit="min")
    at, before = today(metric, 1), today(metric, 3)
    write(metric, now, Given(before, 20), Given(before + timedelta(hours=8, minutes=30), 40), Given(at, 200))
    (label_set,) = metric.label_sets.all()
    client, url = sign_in(anna), metric.get_absolute_url()
    assert f"values/?at={at.astimezone(UTC):%Y-%m-%d}" in client.get(url).text
    assert "Weight" not in client.get(url).text
    one = f"{url}values/{label_set.pk}/{{}}/?at={at.isoformat().replace('+', '%2B')}"
    assert 'value="200"' in client.get(one.format("change")).text
    assert client.post(one.format("change"), {"value": "x"}).status_code == 422
    assert client.post(one.format("change"), {"value": "72,5", "weight": "2"}).status_code == 303
    assert whole(metric) == {before: 30, at: 72.5}
    assert "Weight" in client.get(url).text
    assert sign_in(victor).post(one.format("delete")).status_code == 403
    client = sign_in(anna)
    assert client.post(one.format("delete")).status_code == 303
    assert client.post(one.format("delete")).status_code == 404
    assert whole(metric) == {before: 30}
    assert [found.value for found in newest([metric.pk], now=timezone.now())] == [30]
    kept = Revision.objects.order_by("pk").values_list("value_before", "value", "by__name")
    assert list(kept)[-2:] == [(200, 72.5, "Anna"), (72.5, None, "Anna")]
    assert "deleted" in client.get(url).text
    told = Occurrence.objects.filter(key="metrics.points_written").order_by("-pk").first()
    assert told is not None
    assert told.facts["revised"] == 1


def test_a_rate_is_corrected_in_per_cent(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric = metric_of(workspace, now, aggregation="ratio")
    at = today(metric, 1)
    write(metric, now, Given(at, 0.867, 83))
    (label_set,) = metric.label_sets.all()
    url = f"{metric.get_absolute_url()}values/{label_set.pk}/change/?at={at.isoformat().replace('+', '%2B')}"
    client = sign_in(anna)
    assert 'value="86.7"' in client.get(url).text
    assert client.post(url, {"value": "90", "weight": ""}).status_code == 303
    assert Point.objects.values_list("value", "weight").get() == (0.9, 83)


def test_what_is_kept_beside_the_points_forgets_a_deleted_one(workspace: Workspace, now: datetime) -> None:
    metric = metric_of(workspace, now)
    first, last = today(metric, 5), today(metric, 4)
    write(metric, now, Given(first, 1), Given(first + timedelta(hours=2), 2), Given(last, 4))
    Pulse.objects.filter(pk=metric.pk).update(points=services.deriving.ENOUGH * 10)
    services.roll_up(metric_id=metric.pk)
    (label_set,) = metric.label_sets.all()
    gone: dict[str, Any] = {"metric": metric, "label_set": label_set.pk, "by": None, "now": timezone.now()}
    assert services.delete_value(at=first, **gone)
    assert whole(metric) == {first: 2, last: 4}
    assert services.delete_value(at=last, **gone)
    assert not services.delete_value(at=last, **gone)
    assert whole(metric) == {first: 2}
    assert {one.at for one in Rollup.objects.filter(span=24)} == {first}
    assert services.delete_value(at=first + timedelta(hours=2), **gone)
    assert (whole(metric), Latest.objects.count(), Rollup.objects.count()) == ({}, 0, 0)
    assert Pulse.objects.values_list("first_at", "last_at").get() == (None, None)
