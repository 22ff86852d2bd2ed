"""What happened is written down with its facts, and reactions hear it once, even when they stumble."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils.functional import lazy
from django.utils.translation import get_language

from opsboard.core import events, live, notices, registry, snapshots, soon
from opsboard.core.access import Viewer, the_house
from opsboard.core.contract import Contract, Event, Fact, Indicator, Reaction, Reading, Watchable
from opsboard.core.events import deliver_waiting, emit
from opsboard.core.models import Delivery, Notice, Occurrence, Snapshot, User, Workspace
from opsboard.core.periods import day_of

pytestmark = pytest.mark.django_db
heard: list[str] = []
stumbles = 0


def listen(occurrence: Occurrence, now: datetime) -> None:
    global stumbles
    if stumbles:
        stumbles -= 1
        raise RuntimeError("not today")
    heard.append(occurrence.key)


def read(viewer: Viewer, keys: object, now: datetime) -> list[Reading]:
    return [
        Reading("core.count", {"shop": "a"}, now, 1.0), Reading("core.count", {"shop": "a"}, now, 2.0),
        Reading("core.count", {"shop": "b"}, now, float("nan")), Reading("core.count", {}, now, None, status="missing"),
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def _a_room(monkeypatch: pytest.MonkeyPatch) -> None:
    global stumbles
    heard.clear()
    stumbles = 0
    room = Contract(
        title="Room",
        events=(Event("core.bell_rang", "Rang", (Fact("how", "How"), Fact("when", "When", "moment"))),),
        reactions=(
            Reaction("core.listen", "core.bell_rang", listen),
            Reaction("core.also", "*", lambda one, now: heard.append("also")),
        ),
        indicators=(
            Indicator("core.count", "Count", lambda viewer: [Watchable("core.count", "Count")], read),
            Indicator("core.broken", "Broken", lambda viewer: 1 / 0, read),  # type: ignore[arg-type, return-value]
        ),
    )
    monkeypatch.setattr(registry, "contracts", lambda: {"core": room})


def ring(workspace: Workspace, now: datetime, **more: object) -> Occurrence | None:
    return emit("core.bell_rang", workspace=workspace, at=now, **more)  # type: ignore[arg-type]


def test_every_reaction_hears_an_occurrence_once(workspace: Workspace, now: datetime) -> None:
    ring(workspace, now)
    assert deliver_waiting(now=now) == 1
    assert deliver_waiting(now=now) == 0
    assert sorted(heard) == ["also", "core.bell_rang"]


def test_a_stumbling_reaction_is_called_again_after_a_rest_and_the_others_are_not(
    workspace: Workspace, now: datetime
) -> None:
    global stumbles
    stumbles = 1
    occurrence = ring(workspace, now)
    assert occurrence is not None
    deliver_waiting(now=now)
    assert heard == ["also"]
    assert deliver_waiting(now=now + timedelta(seconds=29)) == 0
    assert deliver_waiting(now=now + timedelta(seconds=31)) == 1
    assert heard == ["also", "core.bell_rang"]
    occurrence.refresh_from_db()
    assert occurrence.at == now  # history keeps its time


def test_a_reaction_that_always_fails_is_given_up_after_five_times(workspace: Workspace, now: datetime) -> None:
    global stumbles
    stumbles = 99
    ring(workspace, now)
    assert sum(deliver_waiting(now=now + timedelta(hours=2 * turn)) for turn in range(8)) == 5


def test_facts_are_kept_as_plain_text_and_numbers(workspace: Workspace, now: datetime) -> None:
    ring(workspace, now, when=datetime(2026, 11, 18, 9, tzinfo=UTC), how=Decimal("1.50"))
    assert Occurrence.objects.get().facts == {"when": "2026-11-18T09:00:00Z", "how": "1.50"}
    assert events.plain({"a": float("nan"), "b": date(2026, 11, 18)}) == {"a": None, "b": "2026-11-18"}


def test_undeclared_facts_are_refused(workspace: Workspace, now: datetime) -> None:
    with pytest.raises(ValueError, match="loud"):
        ring(workspace, now, loud=True)


def test_the_past_sets_nothing_off(workspace: Workspace, now: datetime) -> None:
    ring(workspace, now, told=True)
    assert deliver_waiting(now=now) == 0


def test_the_same_happening_is_written_once(workspace: Workspace, now: datetime) -> None:
    assert ring(workspace, now, unique_as="1") is not None
    assert ring(workspace, now, unique_as="1") is None


def test_what_is_asked_for_twice_after_commit_happens_once(django_capture_on_commit_callbacks: object) -> None:
    done: list[str] = []
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        for name in ("a", "b", "a"):
            soon.after_commit(name, lambda name=name: done.append(name))  # type: ignore[misc]
    assert done == ["a", "b"]


def test_what_a_rolled_back_part_asked_for_does_not_swallow_a_later_wish(
    django_capture_on_commit_callbacks: object,
) -> None:
    done: list[int] = []

    def half_a_change() -> None:
        with transaction.atomic():
            soon.after_commit("a", lambda: done.append(1))
            raise RuntimeError

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        with pytest.raises(RuntimeError):
            half_a_change()
        soon.after_commit("a", lambda: done.append(2))
    assert done == [2]


def test_open_pages_hear_of_a_topic_once_per_change(
    workspace: Workspace, django_capture_on_commit_callbacks: object
) -> None:
    ear = live.connection().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    ear.subscribe(live.channel(workspace.pk))
    ear.get_message(timeout=1)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        live.changed(workspace, "alerts", "notices")
        live.changed(workspace, "alerts")
    told = [message["data"] for _ in range(3) if (message := ear.get_message(timeout=0.2))]
    ear.close()
    assert len(told) == 2


def test_everybody_is_told_in_their_own_language_and_once(
    workspace: Workspace, anna: User, wang: User, now: datetime
) -> None:
    User.objects.filter(pk=wang.pk).update(language="zh-hans")
    for _ in range(2):
        notices.tell([anna, wang], lazy(get_language, str)(), workspace=workspace, now=now, unique_as="n" * 250)
    assert dict(Notice.objects.values_list("user__name", "text")) == {"Anna": "en", "Wang": "zh-hans"}
    assert set(Delivery.objects.values_list("recipient", "subject")) == {(anna.email, "en"), (wang.email, "zh-hans")}


def test_a_snapshot_survives_a_broken_app_and_twice_the_same_label(workspace: Workspace, now: datetime) -> None:
    assert snapshots.take(workspace=workspace, now=now) == 1
    assert snapshots.take_all(now=now) == 1
    assert [(row.value, row.labels) for row in Snapshot.objects.all()] == [(2.0, {"shop": "a"})]
    past = snapshots.history(the_house(workspace), ["core.count"], day_of(now, workspace.zone))
    assert [one.value for one in past["core.count"]] == [2.0]
