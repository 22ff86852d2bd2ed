"""What a measured process gives the house: weekly numbers, findings, a section of the review."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsboard.core import registry
from opsboard.core.models import Team, User, Workspace
from opsboard.core.once import look
from opsboard.core.periods import week_of
from processes import services
from processes.contract import contract
from processes.contract.week import tell_week
from processes.models import Process
from tests.conftest import viewer_for

pytestmark = pytest.mark.django_db
WEEK_10 = datetime(2026, 3, 2, tzinfo=UTC)  # its Monday; the last orders end in the next


def test_each_week_has_its_numbers(fulfilment: Process, workspace: Workspace, anna: User) -> None:
    viewer, now = viewer_for(anna, workspace), WEEK_10 + timedelta(days=10)
    keys = [f"processes.{name}:{fulfilment.pk}" for name in ("lead_time", "cases", "rework", "waiting", "touch_time")]
    with look(), CaptureQueriesContext(connection) as seen:
        titles = {one.key: str(one.title) for indicator in contract.indicators for one in indicator.catalogue(viewer)}
        readings = {one.key: one for one in registry.read(viewer, keys, now)}
    assert (
        sum(one["sql"].startswith("SELECT") for one in seen.captured_queries) == 2
    )  # not so many as there are numbers
    assert titles[keys[0]] == "Order fulfilment: Lead time"
    assert set(readings) == set(keys)
    period = week_of(WEEK_10.date(), workspace.zone)
    past = registry.history(viewer, keys, period)
    lead, cases, rework, waiting, touch = (past[key][0].value or 0.0 for key in keys)
    assert all(len(past[key]) == 1 for key in keys)
    assert lead == pytest.approx(waiting + touch)
    assert past[keys[0]][0].weight == cases == 26
    assert 0 < rework < 0.2


def test_the_week_tells_lead_time_and_where_it_waits(fulfilment: Process, workspace: Workspace, anna: User) -> None:
    viewer = viewer_for(anna, workspace)
    told = tell_week(viewer, week_of(WEEK_10.date() + timedelta(days=7), workspace.zone))
    assert told is not None
    (row,) = told["rows"]
    assert (row["process"], row["waits"]) == (fulfilment, "Confirm stock")
    assert row["change"].endswith("%")
    assert tell_week(viewer, week_of(WEEK_10.date() + timedelta(days=70), workspace.zone)) is None


def test_a_bottleneck_is_a_finding_while_it_is_new(fulfilment: Process, workspace: Workspace, anna: User) -> None:
    viewer = viewer_for(anna, workspace)
    period = week_of(WEEK_10.date() + timedelta(days=7), workspace.zone)
    found = {one.key.partition(":")[0]: one for finding in contract.findings for one in finding.find(viewer, period)}
    assert set(found) == {"processes.bottleneck", "processes.rework"}
    assert str(found["processes.bottleneck"].title) == "Order fulfilment waits before “Confirm stock”"
    assert found["processes.bottleneck"].indicator == f"processes.lead_time:{fulfilment.pk}"
    late = week_of(WEEK_10.date() + timedelta(days=70), workspace.zone)
    assert not [one for finding in contract.findings for one in finding.find(viewer, late)]


def test_nobody_reads_the_numbers_of_a_process_that_is_not_for_them(
    fulfilment: Process, workspace: Workspace, wang: User, victor: User
) -> None:
    team = Team.objects.create(workspace=workspace, name="Stock room", lead=wang)
    Process.objects.filter(pk=fulfilment.pk).update(limited_to=[team.pk])
    key = f"processes.lead_time:{fulfilment.pk}"
    assert not registry.read(viewer_for(victor, workspace), [key], WEEK_10)
    services.delete_process(process=fulfilment, by=wang, now=WEEK_10)
    assert not registry.read(viewer_for(wang, workspace), [key], WEEK_10)
