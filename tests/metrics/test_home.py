"""What metrics tell the home page and the review: drawn once, and never older than its numbers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from metrics import charts, services
from metrics.analysis.grids import Place
from metrics.models import Dashboard
from metrics.services import Given
from metrics.services.dashboards import move_tile, set_favourite
from opsboard.core import registry, telling
from opsboard.core.models import Team, User, Workspace
from opsboard.core.periods import Period
from tests.conftest import viewer_for
from tests.metrics.test_dashboards import board, sold, tile

pytestmark = pytest.mark.django_db


class Counted:
    """How often something is drawn."""

    def __init__(self, what: Callable[..., Any]) -> None:
        self.what, self.times = what, 0

    def __call__(self, *args: Any, **more: Any) -> Any:
        self.times += 1
        return self.what(*args, **more)


@pytest.fixture
def last_week(workspace: Workspace) -> Period:
    return workspace.week_of(timezone.now() - timedelta(days=7))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Counted]:
    counted = [Counted(charts.draw), Counted(charts.small), Counted(charts.large)]
    for name, one in zip(("draw", "small", "large"), counted, strict=True):
        monkeypatch.setattr(charts, name, one)
    return counted


def favourite_of(*people: User, workspace: Workspace, now: datetime, **more: Any) -> Dashboard:
    found = sold(workspace, now, target=40.0, **more), sold(workspace, now, "made", **more)
    row = board(
        workspace, people[0], now, tile("number", found[0]), tile("number", found[1], x=3), tile("line", found[0], y=2, w=6)
    )  # fmt: skip
    for one in people:
        set_favourite(dashboard=row, user=one, now=now, favourite=True)
    return row


def told(user: User, workspace: Workspace, period: Period) -> dict[str, Any]:
    with translation.override(user.language):
        found = telling.sections(viewer_for(user, workspace), period)
    return {one.section.key: one.context for one in found if not one.failed}


def test_a_look_draws_what_is_new_and_nothing_else(
    workspace: Workspace, anna: User, drawn: list[Counted], last_week: Period
) -> None:
    now = timezone.now()
    row = favourite_of(anna, workspace=workspace, now=now)
    metric = services.create_metric(workspace=workspace, by=anna, now=now, name="Visits", key="visits")
    wednesday = last_week.start + timedelta(days=2)
    services.write_points(metric=metric, points=[Given(wednesday, 5.0, 1)], by=anna, now=now)
    first = told(anna, workspace, last_week)
    values = {one["metric"].key: one["value"] for one in first["metrics.week"]["rows"]}
    assert values["visits"] == 5
    times = [one.times for one in drawn]
    assert times == [3, 3, 2]

    again = told(anna, workspace, last_week)
    assert [one.times for one in drawn] == times
    assert again["metrics.favourite"]["charts"] == first["metrics.favourite"]["charts"]
    assert [one["chart"] for one in again["metrics.week"]["rows"]] == [
        one["chart"] for one in first["metrics.week"]["rows"]
    ]

    services.write_points(metric=metric, points=[Given(wednesday, 8.0, 1)], by=anna, now=now)
    week = told(anna, workspace, last_week)["metrics.week"]
    assert {one["metric"].key: one["value"] for one in week["rows"]} == values | {"visits": 8}
    assert [one.times for one in drawn] == [3, 4, 2], "one course is new, the dashboard does not show it"

    made = row.laid_out[1]
    move_tile(dashboard=row, by=anna, now=now, version=row.version, place=Place(made.id, 0, 0, 3, 2))
    front = told(anna, workspace, last_week)["metrics.favourite"]["numbers"]
    before = first["metrics.favourite"]["numbers"]
    assert [one["title"] for one in front] == ["Made", "Sold"] == [one["title"] for one in reversed(before)]

    sold_one = next(one["metric"] for one in week["rows"] if one["metric"].key == "sold")
    services.write_points(metric=sold_one, points=[Given(wednesday, 1000.0, 1, {"shop": "Ningbo"})], by=anna, now=now)
    drawn[0].times = 0
    here = told(anna, workspace, last_week)
    assert drawn[0].times == 2, "the tiles that show it, and not the other"
    assert [one["value_text"] for one in here["metrics.favourite"]["numbers"]][1] != front[1]["value_text"]
    assert next(one["value"] for one in here["metrics.week"]["rows"] if one["metric"].key == "sold") > 1000
    assert here["metrics.favourite"]["charts"] != first["metrics.favourite"]["charts"]
    services.annotate(workspace=workspace, by=anna, now=now, on=wednesday.date(), text="Power cut")
    (chart,) = told(anna, workspace, last_week)["metrics.favourite"]["charts"]
    assert "Power cut" in chart["chart"]
    services.change_metric(metric=sold_one, by=anna, now=now, version=sold_one.version, name="Pairs sold", target=9e9)
    here = told(anna, workspace, last_week)
    assert here["metrics.favourite"]["numbers"][1]["title"] == "Pairs sold"
    assert "Pairs sold" in {one["metric"].name for one in here["metrics.week"]["rows"]}
    found = registry.find(viewer_for(anna, workspace), last_week)
    assert "metrics.off_target:sold" in {one.key for one in found}


def test_each_reader_is_told_in_their_language_what_they_may_see(
    workspace: Workspace, anna: User, wang: User, adam: User, last_week: Period
) -> None:
    now = timezone.now()
    wang.language = "zh-hans"
    wang.save()
    team = Team.objects.create(workspace=workspace, name="Sales")
    favourite_of(anna, wang, adam, workspace=workspace, now=now, limited_to=[team.pk])
    assert len(told(adam, workspace, last_week)["metrics.week"]["rows"]) == 2
    values = [one["value_text"] for one in told(adam, workspace, last_week)["metrics.favourite"]["numbers"]]
    assert all(values)
    for outside in (anna, wang):
        here = told(outside, workspace, last_week)
        assert "metrics.week" not in here
        assert [one["value_text"] for one in here["metrics.favourite"]["numbers"]] == ["", ""]
    team.members.add(wang)
    here = told(wang, workspace, last_week)
    assert [one["value_text"] for one in here["metrics.favourite"]["numbers"]] == values
    assert "的走势" in here["metrics.week"]["rows"][0]["chart"]
    assert "Course of" in told(adam, workspace, last_week)["metrics.week"]["rows"][0]["chart"]


def test_the_home_page_and_the_review_ask_few_questions(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], last_week: Period
) -> None:
    favourite_of(anna, workspace=workspace, now=timezone.now())
    client = sign_in(anna)
    for url, most in (("/north-plant/", 19), (f"/north-plant/review/{last_week.slug}/", 21)):
        assert client.get(url).status_code == 200
        with CaptureQueriesContext(connection) as asked:
            assert "Morning" in client.get(url).content.decode()
        # Around each finder a page of a test has a savepoint, which a served one has not.
        asked_for = [one["sql"] for one in asked.captured_queries if "SAVEPOINT" not in one["sql"]]
        assert len(asked_for) <= most, "\n".join(asked_for)
