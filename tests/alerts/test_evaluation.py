"""From a number to an alert: once, in one transaction, to the right people."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from opsboard.alerts import services
from opsboard.alerts.models import Alert, Instance, Pulse, Transition, Watch
from opsboard.core.access import Viewer, person_in
from opsboard.core.models import Delivery, Notice, Occurrence, Team, User, Workspace
from opsboard.core.versions import StaleVersion
from tests.alerts.numbers import fall_silent, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbers")]


def watch_rework(viewer: Viewer, now: datetime, **more: Any) -> Watch:
    return services.watch_number(
        viewer=viewer, now=now, **{"indicator": "metrics.value:rework", "op": ">", "value": 5, **more}
    )


def evaluate(workspace: Workspace, now: datetime, seconds: int = 0) -> services.Evaluated:
    return services.evaluate(workspace=workspace, now=now + timedelta(seconds=seconds))


def test_a_number_that_stays_above_its_threshold_fires_and_tells_the_owner(
    editor: Viewer, anna: User, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, for_seconds=600)
    tell("rework", 7.4)
    for seconds in range(0, 601, 10):
        evaluate(workspace, now, seconds)
    alert = Alert.objects.get()
    assert (alert.state, alert.active_at, alert.fired_at) == ("firing", now, now + timedelta(minutes=10))
    notice = Notice.objects.get()
    assert (notice.user, notice.text) == (anna, "Rework rate is 7.4%, above 5% for 10 min")
    assert notice.url == f"/north-plant/alerts/{alert.pk}/"
    assert Delivery.objects.get().recipient == anna.email
    assert Occurrence.objects.get(key="alerts.alert_fired").facts["value"] == 7.4


def test_a_second_watch_on_a_number_is_judged_as_well_and_what_it_does_not_look_at_is_left_alone(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, value=50)
    tell("rework", 7.4)
    evaluate(workspace, now)
    second = watch_rework(editor, now)
    watch_rework(editor, now, labels={"shop": "nowhere"})
    for seconds in (10, 20):
        evaluate(workspace, now, seconds)
    assert Alert.objects.get().watch == second
    assert Instance.objects.count() == 2


def test_it_resolves_below_the_clear_threshold_and_says_for_how_long_it_lasted(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, clear=4)
    for seconds, value in ((0, 6), (10, 9), (20, 4.5), (30, 3)):
        tell("rework", value)
        evaluate(workspace, now, seconds)
    alert = Alert.objects.get()
    assert (alert.state, alert.peak, alert.lasted, alert.reason) == ("resolved", 9, "30 s", "")
    assert [notice.text for notice in Notice.objects.order_by("id")] == [
        "Rework rate is 6%, above 5%",
        "Rework rate is back at 3% after 30 s",
    ]
    assert list(Transition.objects.values_list("step", "value")) == [("fired", 6), ("resolved", 3)]


def test_a_waiting_alert_that_comes_back_leaves_only_its_transitions(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, for_seconds=60)
    tell("rework", 7)
    evaluate(workspace, now)
    assert Alert.objects.get().state == "pending"
    tell("rework", 3)
    evaluate(workspace, now, 10)
    assert not Alert.objects.exists()
    assert not Notice.objects.exists()
    assert list(Transition.objects.values_list("step", flat=True)) == ["pending", "cancelled"]


def test_each_label_set_has_an_alert_of_its_own(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch_rework(editor, now)
    tell("rework", 7, shop="North")
    tell("rework", 3, shop="South")
    tell("rework", 8, shop='“Odd” \\ 店 {"a": 1}')
    evaluate(workspace, now)
    assert sorted(alert.labels["shop"] for alert in Alert.objects.all()) == ["North", '“Odd” \\ 店 {"a": 1}']
    notice = Notice.objects.get()
    assert notice.text.startswith("Rework rate: 2 alerts fire; worst is shop: “Odd”")
    assert "• shop: North, 7%" in notice.detail


def test_a_watch_may_be_for_some_labels_only(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch_rework(editor, now, labels={"shop": "South"})
    tell("rework", 7, shop="North")
    tell("rework", 8, shop="South")
    evaluate(workspace, now)
    assert [alert.labels for alert in Alert.objects.all()] == [{"shop": "South"}]


@pytest.mark.parametrize(
    ("scope", "shops"), [("whole", [""]), ("each", ["North", "South"]), ("all", ["", "North", "South"])]
)
def test_a_watch_looks_at_the_whole_at_each_part_or_at_both(
    scope: str, shops: list[str], editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, scope=scope)
    tell("rework", 7)
    tell("rework", 8, shop="North")
    tell("rework", 9, shop="South")
    evaluate(workspace, now)
    assert sorted(alert.labels.get("shop", "") for alert in Alert.objects.all()) == shops


def test_a_number_that_has_only_parts_is_watched_by_its_parts(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, scope="whole")
    tell("rework", 8, shop="North")
    evaluate(workspace, now)
    assert Alert.objects.count() == 1


def test_a_gap_in_the_data_never_resolves(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    fall_silent("rework")
    for seconds in range(10, 600, 10):
        evaluate(workspace, now, seconds)
    assert Alert.objects.get().state == "firing"
    assert Instance.objects.get().health == "missing"
    assert Notice.objects.count() == 1


def test_a_number_that_cannot_be_read_is_not_resolved_either(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    tell("rework", None, status="error")
    evaluate(workspace, now, 10)
    assert (Alert.objects.get().state, Instance.objects.get().health) == ("firing", "error")


def test_the_same_tick_twice_does_nothing_twice(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    tell("rework", 3)
    evaluate(workspace, now, 4)
    assert Alert.objects.get().state == "firing"


def test_a_changed_condition_ends_what_is_open_and_a_changed_name_does_not(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch = watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    watch = services.change_watch(watch=watch, viewer=editor, now=now, version=1, title="Rework in the north")
    assert Alert.objects.get().state == "firing"
    services.change_watch(watch=watch, viewer=editor, now=now + timedelta(seconds=5), version=2, value=6)
    alert = Alert.objects.get()
    assert (alert.state, alert.reason) == ("resolved", "rule_changed")
    assert Notice.objects.first().text == (  # type: ignore[union-attr]
        "Alert ended after 5 s because its watch was changed: Rework in the north"
    )
    evaluate(workspace, now, 10)
    assert list(Alert.objects.order_by("id").values_list("episode", "state")) == [(1, "resolved"), (2, "firing")]


def test_a_paused_watch_ends_its_alert_and_a_resumed_one_watches_again(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch = watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    services.pause_watch(watch=watch, now=now)
    assert (Alert.objects.get().state, Alert.objects.get().reason) == ("resolved", "rule_paused")
    evaluate(workspace, now, 10)
    assert Alert.objects.count() == 1
    services.resume_watch(watch=watch)
    evaluate(workspace, now, 20)
    assert Alert.objects.count() == 2


def test_a_deleted_watch_leaves_its_past_alerts(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch = watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    services.delete_watch(watch=watch, now=now)
    assert not Watch.objects.visible_to(editor).exists()
    assert Alert.objects.visible_to(editor).get().reason == "rule_deleted"


def test_a_stale_edit_is_refused(editor: Viewer, now: datetime) -> None:
    watch = watch_rework(editor, now)
    services.change_watch(watch=watch, viewer=editor, now=now, version=1, value=6)
    with pytest.raises(StaleVersion):
        services.change_watch(watch=watch, viewer=editor, now=now, version=1, value=7)


def test_a_clear_threshold_on_the_wrong_side_is_refused_in_words(editor: Viewer, now: datetime) -> None:
    with pytest.raises(ValidationError, match="An alert above 5% must clear at 5% or lower"):
        watch_rework(editor, now, clear=6)


def test_a_number_that_is_not_there_is_refused(editor: Viewer, now: datetime) -> None:
    with pytest.raises(ValidationError, match="no such number"):
        watch_rework(editor, now, indicator="metrics.value:nowhere")


def test_people_and_teams_are_told_once_each_in_their_own_language(
    editor: Viewer, wang: User, connie: User, stranger: User, workspace: Workspace, now: datetime
) -> None:
    User.objects.filter(pk=connie.pk).update(language="zh-hans")
    watch_rework(editor, now, people=[wang, connie, stranger], teams=Team.objects.all())
    tell("rework", 7.4)
    evaluate(workspace, now)
    assert {notice.user for notice in Notice.objects.all()} == {wang, connie}


def test_nobody_is_told_of_a_number_that_they_may_not_see(
    editor: Viewer, anna: User, wang: User, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, people=[anna, wang])
    workspace.app_limits = {"metrics": [Team.objects.get().pk]}
    workspace.save()
    tell("rework", 7.4)
    evaluate(workspace, now)
    assert {notice.user for notice in Notice.objects.all()} == {wang}
    outside = person_in(workspace, anna)
    assert outside is not None
    assert not Alert.objects.visible_to(outside).exists()
    assert not Watch.objects.visible_to(outside).exists()


def test_one_workspace_does_not_hear_another(
    editor: Viewer, other_workspace: Workspace, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now)
    tell("rework", 7)
    evaluate(other_workspace, now)
    assert not Alert.objects.exists()


def test_the_newest_bucket_of_a_daily_series_is_judged_and_again_does_not_fire_twice(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now, indicator="metrics.value:orders", op="<", value=100)
    tell("orders", 80, at=datetime(2026, 11, 17, tzinfo=UTC))
    for seconds in range(0, 100, 10):
        evaluate(workspace, now, seconds)
    assert (Alert.objects.count(), Notice.objects.count(), Transition.objects.count()) == (1, 1, 1)


def test_the_number_of_queries_does_not_grow_with_the_number_of_watches(
    editor: Viewer, workspace: Workspace, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for value in range(100):
        watch_rework(editor, now, value=value + 100)
    tell("rework", 7)
    evaluate(workspace, now)
    with django_assert_max_num_queries(11):
        evaluate(workspace, now, 10)
    tell("rework", 8)
    with django_assert_max_num_queries(11):
        evaluate(workspace, now, 20)
    # Nobody writes a row to say that all is still well; the heartbeat says that it was looked at.
    assert set(Instance.objects.values_list("last_value", "last_tick")) == {(7.0, now)}
    assert Pulse.objects.get().tick == now + timedelta(seconds=20)


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_on_one_tick_tell_once(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    for value in range(20):
        watch_rework(editor, now, value=value / 10)
    tell("rework", 7)
    together = threading.Barrier(4)
    faults: list[BaseException] = []

    def evaluator() -> None:
        try:
            together.wait()
            evaluate(workspace, now)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=evaluator) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert (Alert.objects.count(), Notice.objects.count(), Transition.objects.count()) == (20, 20, 20)
    assert Occurrence.objects.filter(key="alerts.alert_fired").count() == Delivery.objects.count() == 20


def test_somebody_acknowledges_and_the_first_one_counts(
    editor: Viewer, anna: User, connie: User, workspace: Workspace, now: datetime
) -> None:
    watch_rework(editor, now)
    tell("rework", 7)
    evaluate(workspace, now)
    alert = Alert.objects.get()
    services.acknowledge(alert=alert, by=connie, now=now, note="I am on it")
    services.acknowledge(alert=alert, by=anna, now=now, note="")
    assert (alert.acknowledged_by, alert.note) == (connie, "I am on it")
    assert Occurrence.objects.filter(key="alerts.alert_acknowledged").count() == 1
