"""What waits: the oldest one is named in time, and an answer becomes a value."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.test import Client

from metrics import analysis, services
from metrics.models import Point, WaitingItem, WaitingList, buckets
from metrics.services import WAITING, Item
from opsboard.core import access, imports, registry
from opsboard.core.calendars import OFFICE_HOURS, WorkCalendar, around_the_clock, working_seconds_between
from opsboard.core.models import ImportRun, Occurrence, Role, Team, User, Workspace
from opsboard.core.services import tokens
from tests.conftest import NOW, viewer_for

pytestmark = pytest.mark.django_db
HOME = "/north-plant/metrics/waiting/"


def list_of(workspace: Workspace, **given: Any) -> WaitingList:
    wanted = {"name": "Open tickets", "key": "tickets", "limit_hours": 2.0, **given}
    return services.create_waiting_list(workspace=workspace, by=None, now=NOW, **wanted)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def take(row: WaitingList, *items: Item, **more: Any) -> dict[str, int]:
    return services.take_in(row=row, items=items, by=None, now=more.pop("now", NOW), **more).as_dict()


def test_queues_are_counted_through_time_and_in_working_hours() -> None:
    calendar = WorkCalendar("Asia/Shanghai", (*(OFFICE_HOURS,) * 5, (), ()))
    friday = datetime(2026, 11, 13, 9, tzinfo=UTC)  # 17:00 in Shanghai, an hour before the weekend
    spans = [
        (friday, friday + timedelta(days=3)),
        (friday + timedelta(hours=1), friday + timedelta(hours=4)),
        (friday - timedelta(hours=2), friday - timedelta(hours=1)),
    ]
    ticks = [friday + timedelta(hours=6 * step - 3) for step in range(14)]
    found = analysis.queues(spans, ticks)
    slow = [
        (at, [since for since, until in spans if since <= at and (until is None or until > at)])
        for at in ticks
        if any(since <= at for since, _until in spans)
    ]
    assert [(one.at, one.count, one.oldest) for one in found] == [
        (at, len(here), min(here, default=None)) for at, here in slow
    ]
    hours = analysis.ages(calendar, found)
    assert hours == pytest.approx(
        [working_seconds_between(calendar, one.oldest, one.at) / 3600 if one.oldest else 0.0 for one in found]
    )
    assert analysis.ages(around_the_clock(), found)[1] == pytest.approx(9)
    assert analysis.hours_waited(calendar, friday, friday + timedelta(days=3)) == pytest.approx(8)
    assert analysis.queues([], ticks) == []


def test_the_same_again_changes_nothing(workspace: Workspace) -> None:
    row = list_of(workspace, keep_times=True)
    first = [Item("T-1", ago(5), who="Li Na", labels={"team": "A"}), Item("T-2", ago(1), labels={"team": "B"})]
    assert take(row, *first) == {"opened": 2, "closed": 0, "changed": 0, "unchanged": 0}
    assert take(row, *first) == {"opened": 0, "closed": 0, "changed": 0, "unchanged": 2}
    assert take(row, Item("T-1", who="Chen"))["changed"] == 1
    done = Item("T-1", closed_at=ago(1))
    assert take(row, done)["closed"] == 1
    assert take(row, done)["unchanged"] == 1
    assert take(row, *first)["unchanged"] == 2  # the old opening comes late: it is dealt with all the same
    metric = row.reply_metric
    assert metric is not None
    (point,) = Point.objects.filter(label_set__metric=metric)
    assert (point.value, point.weight, point.label_set.labels) == (4.0, 1.0, {"team": "A"})
    # Two that end at one moment are one value with the weight of two.
    take(row, Item("T-3", ago(3), ago(1), labels={"team": "A"}))
    assert [(one.value, one.weight) for one in buckets([metric.pk])] == [(3.0, 2.0)]
    # It comes back: a new wait. When the old end turns out to be none, its time counts no more.
    assert take(row, Item("T-3", ago(0.5)))["opened"] == 1
    assert [(one.value, one.weight) for one in buckets([metric.pk])] == [(4.0, 1.0)]
    assert take(row, Item("T-3", ago(0.5)), missing_are_done=True)["closed"] == 1
    assert [one.reference for one in row.items.open()] == ["T-3"]
    assert Occurrence.objects.filter(key="metrics.waiting_changed").count() == 6


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (Item("x", ago(-1)), "future"),
        (Item("x", ago(1), ago(2)), "before it began"),
        (Item("x", closed_at=ago(1)), "When did it begin"),
        (Item("  ", ago(1)), "reference"),
        (Item("x", ago(1), url="javascript:alert(1)"), "no address"),
        (Item("x", ago(1), who="a\x00"), "Null"),
        (Item("x", ago(1), labels={"": "y"}), "12 labels"),
        (Item("x", datetime(1, 1, 1, tzinfo=UTC)), "1900"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_number(workspace: Workspace, item: Item, words: str) -> None:
    row = list_of(workspace)
    with pytest.raises(ValidationError) as refusal:
        take(row, Item("ok", ago(1)), item)
    assert words in refusal.value.message_dict["items.1"][0]
    assert not WaitingItem.objects.exists()


def test_others_hear_of_the_oldest_one_by_name(
    workspace: Workspace, anna: User, django_assert_max_num_queries: Any
) -> None:
    lists = [list_of(workspace, key=f"l{number}", owner=anna) for number in range(4)]
    for row in lists:
        take(
            row, Item("T-1", ago(3.5), who="Li Na", labels={"team": "A"}), Item("T-2", ago(1), labels={"team": "B"}),
            Item("T-3", ago(9), ago(8), labels={"team": "C"}),
        )  # fmt: skip
    viewer = viewer_for(anna, workspace)
    keys = [key for row in lists for key in (row.oldest_indicator, row.count_indicator)]
    with django_assert_max_num_queries(10):
        readings = registry.read(viewer, keys, NOW)
    oldest = [one for one in readings if one.key == "metrics.oldest_open:l2"]
    assert [(dict(one.labels), one.value) for one in oldest] == [
        ({}, 3.5), ({"team": "A"}, 3.5), ({"team": "B"}, 1.0), ({"team": "C"}, 0.0),
    ]  # fmt: skip
    assert str(oldest[0].detail) == "T-1, waiting since 2026-11-18 14:00, Li Na"
    assert str(oldest[2].detail).endswith("Anna")  # nobody has it: its list's owner answers
    assert oldest[0].about is not None
    assert oldest[0].about.url == lists[2].get_absolute_url()
    assert [one.value for one in readings if one.key == "metrics.open_count:l0" and not one.labels] == [2]
    entry = registry.watchable(viewer, "metrics.oldest_open:l2")
    assert (entry.unit, entry.target, entry.dimensions) == ("h", 2.0, ("team",))
    period = workspace.week_of(NOW)
    past = [
        one
        for one in registry.history(viewer, ["metrics.oldest_open:l1"], period)["metrics.oldest_open:l1"]
        if one.at and one.at <= NOW
    ]
    assert max(one.value or 0 for one in past) == pytest.approx(3.5, abs=0.26)
    assert registry.read(viewer, [lists[0].oldest_indicator], ago(20))[0].value == 0
    row = lists[3]
    services.change_waiting_list(row=row, by=None, now=NOW, version=1, clock="working")
    # Office hours in Shanghai end at 18:00; noon is a break.
    found = registry.read(viewer, [row.oldest_indicator], NOW + timedelta(hours=10))[0]
    assert found.value == pytest.approx(4.0)


def test_a_list_of_one_team_is_nobody_elses_business(
    workspace: Workspace, anna: User, wang: User, sign_in: Callable[[User], Client]
) -> None:
    row = list_of(workspace, limited_to=[Team.objects.get(name="Warehouse").pk])
    take(row, Item("T-1", ago(1)))
    assert not registry.read(viewer_for(anna, workspace), [row.oldest_indicator], NOW)
    assert sign_in(anna).get(row.get_absolute_url()).status_code == 404
    assert sign_in(wang).get(row.get_absolute_url()).status_code == 200


def test_people_keep_a_list_by_hand(
    workspace: Workspace, anna: User, connie: User, victor: User, sign_in: Callable[[User], Client],
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    client = sign_in(anna)
    assert "Nothing waits here yet" in client.get(HOME).content.decode()
    assert client.post(f"{HOME}new/", {"name": "", "clock": "always"}).status_code == 422
    form = {"name": "Open tickets", "clock": "always", "limit_hours": "2", "keep_times": "on"}
    made = client.post(f"{HOME}new/", form)
    row = WaitingList.objects.get()
    assert made.status_code == 303
    assert row.reply_metric is not None
    hand = sign_in(connie)
    own = f"{HOME}{row.pk}/"
    assert hand.post(f"{own}items/", {"reference": ""}).status_code == 422
    assert (
        hand.post(f"{own}items/", {"reference": "T-1", "opened_at": "2020-01-01T10:00", "who": "Li Na"}).status_code
        == 303
    )
    item = WaitingItem.objects.get()
    looks = sign_in(victor)
    with django_assert_max_num_queries(22):
        page = looks.get(own)
    text = page.content.decode()
    assert "too long" in text
    assert "T-1" in text
    assert looks.post(f"{own}items/", {"reference": "T-9"}).status_code == 403
    assert looks.get(f"{own}?export=csv").status_code == 200
    assert "Li Na" in looks.get(HOME).content.decode()
    assert hand.post(f"{own}items/{item.pk}/close/").status_code == 303
    assert "Nothing waits" in looks.get(own).content.decode()
    assert "T-1" in looks.get(f"{own}?state=done").content.decode()
    assert Point.objects.filter(label_set__metric=row.reply_metric).count() == 1
    edit = {"name": "Tickets", "clock": "working", "version": "1"}
    assert client.get(f"{own}edit/").status_code == 200
    assert client.post(f"{own}edit/", edit).status_code == 303
    assert client.post(f"{own}edit/", edit).status_code == 409
    client.post(f"{own}archive/")
    assert not registry.read(access.the_house(workspace), [row.oldest_indicator], NOW)


def test_programs_tell_in_batches(workspace: Workspace, anna: User) -> None:
    row = list_of(workspace)
    _token, secret = tokens.issue_token(workspace=workspace, owner=anna, role=Role.EDITOR, name="desk", now=NOW)
    client = Client(headers={"authorization": f"Bearer {secret}"})
    base = "/api/v1/north-plant/waiting"
    made = client.post(base, json.dumps({"name": "Invoices", "keep_times": True}), "application/json")
    assert made.status_code == 201, made.content
    assert made.json()["oldest_indicator"] == "metrics.oldest_open:invoices"
    batch = {
        "items": [{"reference": "1", "opened_at": "2026-01-01T08:00:00Z", "labels": {"team": "A"}}, {"reference": "2"}]
    }
    sent = [client.post(f"{base}/tickets/items", json.dumps(batch), "application/json").json() for _turn in range(2)]
    assert sent[0] == {"opened": 2, "closed": 0, "changed": 0, "unchanged": 0}
    assert sent[1]["unchanged"] == 2
    end = {
        "items": [{"reference": "1", "closed_at": "2026-01-01T10:30:00"}]
    }  # by the workspace's clock: before it came
    refused = client.post(f"{base}/tickets/items", json.dumps(end), "application/json")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].endswith("items.0")
    listed = client.get(f"{base}/tickets/items?limit=1").json()
    assert [one["reference"] for one in listed["items"]] == ["1"]
    assert client.get(f"{base}/tickets/items?cursor={listed['next']}").json()["items"][0]["reference"] == "2"
    assert client.get(f"{base}/tickets/items?cursor=x").status_code == 422
    assert len(client.get(base).json()) == 2
    assert row.items.count() == 2


def test_an_exported_list_comes_in_by_file(workspace: Workspace, anna: User, sign_in: Callable[[User], Client]) -> None:
    row = list_of(workspace)
    take(row, Item("T-0", ago(2000)))

    def bring(text: str, **settings: Any) -> tuple[str, dict[str, Any], list[Any]]:
        run = imports.receive(
            WAITING,
            workspace=workspace,
            by=anna,
            file=ContentFile(text.encode()),
            name="t.csv",
            size=len(text),
            now=NOW,
        )
        plan = imports.Plan(settings={"list": "tickets", **settings})
        job = imports.start(WAITING, run=run, plan=plan, by=anna, now=NOW)
        imports.carry_out(WAITING, job.pk)
        job.refresh_from_db()
        return job.state, job.result or {}, job.errors

    text = "ticket,opened at,closed at,agent,team\nT-1,2026-11-02 10:00,,Li Na,A\nT-2,2026-11-02 11:00,2026-11-02 12:30,,B\n"
    state, result, _errors = bring(text, all_open=True)
    assert (state, result["opened"], result["closed"]) == ("done", 1, 2)
    assert row.items.get(reference="T-1").labels == {"team": "A"}
    state, result, _errors = bring(text)
    assert (state, result["written"], result["revised"], result["unchanged"]) == ("done", 0, 0, 2)
    state, _result, errors = bring("ticket,opened at,closed at\nT-5,2026-11-02 10:00,2026-11-01 09:00\n,2026-11-02,\n")
    assert (state, errors[0]["row"]) == ("failed", 3)
    state, _result, errors = bring("ticket,opened at,closed at\nT-5,2026-11-02 10:00,2026-11-01 09:00\n")
    assert (state, errors[0]["row"]) == ("failed", 2)
    assert sign_in(anna).get(f"{HOME}imports/new/").status_code == 200
    run = ImportRun.objects.latest("pk")
    assert sign_in(anna).get(f"{HOME}imports/{run.pk}/?edit=1").status_code == 200
