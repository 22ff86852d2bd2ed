"""Other apps may ask metrics to record a value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from metrics.models import LabelSet, Point
from metrics.services import Given, create_metric, write_points
from opsboard.alerts.models import Alert
from opsboard.alerts.services import evaluate, watch_number
from opsboard.core import effects
from opsboard.core.models import User, Workspace
from tests.conftest import viewer_for

pytestmark = pytest.mark.django_db


def test_a_value_is_recorded_in_the_metric_that_is_named(workspace: Workspace, anna: User, now: datetime) -> None:
    row = create_metric(workspace=workspace, by=anna, now=now, name="Complaints")
    outcome = effects.perform("metrics.record_point", workspace=workspace, by=anna, now=now, metric=row.key, value=3)
    assert outcome.result == {"written": 1, "unchanged": 0, "revised": 0}
    again = effects.perform(
        "metrics.record_point", workspace=workspace, by=anna, now=now, about=row, value=4.5, weight=2
    )
    assert again.result["revised"] == 1
    point = Point.objects.get(label_set__metric=row)
    assert (point.value, point.weight, point.at) == (4.5, 2, now)
    effects.perform(
        "metrics.record_point", workspace=workspace, now=now, metric=row.key, value=1, labels={"shop": "Hangzhou"}
    )
    assert LabelSet.objects.filter(metric=row).count() == 2


def test_nobody_records_where_they_may_not_write(
    workspace: Workspace, anna: User, stranger: User, now: datetime
) -> None:
    row = create_metric(workspace=workspace, by=anna, now=now, name="Complaints")
    for by, key in ((stranger, row.key), (anna, "no-such-metric")):
        with pytest.raises(ValidationError):
            effects.perform("metrics.record_point", workspace=workspace, by=by, now=now, metric=key, value=3)
    assert not Point.objects.exists()


def test_the_form_reads_the_time_by_the_metrics_own_clock(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    row = create_metric(workspace=workspace, by=anna, now=now, name="Complaints", timezone="Europe/Berlin")
    client = sign_in(anna)
    address = f"/north-plant/do/metrics.record_point/?model=metrics.metric&pk={row.pk}"
    assert "Complaints" in client.get(address).content.decode()
    bad = client.post(address, {"metric": row.key, "value": "many", "at": "soon"})
    assert bad.status_code == 422
    assert client.post(address, {"metric": row.key, "value": "7", "at": "2026-07-01T08:00"}).status_code == 303
    assert Point.objects.get(label_set__metric=row).at == datetime(2026, 7, 1, 6, tzinfo=UTC)


def test_a_past_that_is_brought_in_sets_no_alert_off_and_the_next_value_does(
    workspace: Workspace, anna: User, now: datetime
) -> None:
    row = create_metric(workspace=workspace, by=anna, now=now, name="Waiting", aggregation="last", grain="hour")
    watch_number(viewer=viewer_for(anna, workspace), now=now, indicator=row.indicator, op=">", value=5.0)
    hour = now.replace(minute=0)
    old = [Given(hour - timedelta(hours=back), 9.0) for back in range(2, 50)]
    write_points(metric=row, points=old, by=anna, now=now, backfill=True)
    evaluate(workspace=workspace, now=now)
    assert not Alert.objects.exists()
    write_points(metric=row, points=[Given(hour, 9.0)], by=anna, now=now)
    evaluate(workspace=workspace, now=now + timedelta(seconds=20))
    assert Alert.objects.firing().count() == 1
