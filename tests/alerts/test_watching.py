"""Numbers compared with their past and with each other, late values, ages, and numbers that go away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsboard.alerts import services
from opsboard.alerts.models import Alert, Instance, Transition, Watch
from opsboard.alerts.services import keeping
from opsboard.core.access import Viewer
from opsboard.core.models import Workspace
from tests.alerts import numbers
from tests.alerts.numbers import tell, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbers")]
MIDNIGHT = datetime(2026, 11, 17, 16, tzinfo=UTC)  # in Shanghai
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
ORDERS, MINUTES, REWORK = "metrics.value:orders", "metrics.value:minutes", "metrics.value:rework"


def watch(viewer: Viewer, now: datetime, **more: Any) -> Watch:
    return services.watch_number(
        viewer=viewer, now=now - 30 * DAY, **{"indicator": ORDERS, "op": "<", "value": 50.0, **more}
    )


def states(*steps: tuple[Workspace, datetime]) -> list[str]:
    answer = []
    for workspace, now in steps:
        services.evaluate(workspace=workspace, now=now)
        alert = Alert.objects.order_by("-pk").first()
        answer.append(alert.state if alert else "")
    return answer


def test_a_day_that_has_not_ended_is_not_judged_unless_so_far_is_asked(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch(editor, now)
    write("orders", MIDNIGHT - DAY, 120)
    write("orders", MIDNIGHT, 3)  # it is 17:30 there
    assert states((workspace, now)) == [""]
    assert states((workspace, MIDNIGHT + DAY)) == ["firing"]
    assert Alert.objects.get().value == 3
    Watch.objects.update(so_far=True)
    write("orders", MIDNIGHT + DAY, 1)
    assert states((workspace, MIDNIGHT + DAY + MINUTE)) == ["firing"]
    assert Instance.objects.get().last_value == 1


def test_late_values_are_waited_for(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch(editor, now, late_seconds=3600)
    write("orders", MIDNIGHT, 3)
    assert states(*((workspace, MIDNIGHT + DAY + minutes * MINUTE) for minutes in (0, 59, 60))) == ["", "", "firing"]


def test_a_change_is_judged_against_a_week_before_and_what_is_usual(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch(editor, now, kind="change", compare="week", value=-0.3)
    watch(editor, now, kind="change", compare="baseline", relative=False, value=-60.0)
    for weeks, value in ((0, 60), (1, 100), (2, 100), (3, 110), (4, 130)):
        write("orders", MIDNIGHT - 7 * weeks * DAY, value)
    services.evaluate(workspace=workspace, now=MIDNIGHT + DAY)
    alert = Alert.objects.get()
    assert (alert.watch.compare, alert.reference, alert.threshold, alert.value) == ("week", 100, 70, 60)
    assert Instance.objects.exclude(pk=alert.instance_id).get().state == "ok"  # 105 - 60 is below what it had


def test_a_number_is_judged_against_another_times_a_factor(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch(editor, now, indicator=REWORK, kind="other", other=MINUTES, op=">", value=1.5)
    tell("rework", 7.0)
    tell("minutes", 5.0)
    assert states((workspace, now)) == [""]
    tell("rework", 8.0)
    assert states((workspace, now + MINUTE)) == ["firing"]
    assert (Alert.objects.get().threshold, Alert.objects.get().reference) == (7.5, 5)


def test_a_number_without_news_alerts_by_its_age_and_ends_with_the_next_value(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch(editor, now, indicator=MINUTES, kind="stale", op=">=", value=1800.0)
    write("minutes", now - 31 * MINUTE, 4)
    assert states((workspace, now - MINUTE), (workspace, now)) == ["", "firing"]
    write("minutes", now, 4)
    assert states((workspace, now + MINUTE)) == ["resolved"]


def test_the_one_that_waits_is_named(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch(editor, now, indicator=REWORK, op=">", value=5.0)
    tell("rework", 9.0)
    services.evaluate(workspace=workspace, now=now)
    alert = Alert.objects.get()
    assert (alert.detail, alert.detail_url) == ("Order 4711, Li Na", "/orders/4711/")


def test_a_graver_level_is_a_turn_of_the_same_alert_and_clears_the_acknowledgement(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch(
        editor, now, indicator=REWORK, op=">", value=5.0, levels=[{"severity": "critical", "value": 8.0, "clear": 7.0}]
    )
    tell("rework", 6.0)
    services.evaluate(workspace=workspace, now=now)
    services.acknowledge(
        alert=Alert.objects.select_related("watch", "workspace").get(), by=editor.user, now=now, note=""
    )
    tell("rework", 9.0)
    services.evaluate(workspace=workspace, now=now + MINUTE)
    alert = Alert.objects.get()
    assert (alert.severity, alert.threshold, alert.acknowledged_at, alert.episode) == ("critical", 8, None, 1)
    tell("rework", 6.5)
    services.evaluate(workspace=workspace, now=now + 2 * MINUTE)
    assert Alert.objects.get().severity == "warning"
    assert list(Transition.objects.values_list("step", "severity")) == [
        ("fired", "warning"), ("raised", "critical"), ("lowered", "warning"),
    ]  # fmt: skip


def test_a_late_value_of_the_bucket_before_fires_while_it_is_young(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch(editor, now, indicator=MINUTES, op=">", value=5.0)
    for minutes in (4, 3, 2):
        write("minutes", now - minutes * MINUTE, 3)
    services.evaluate(workspace=workspace, now=now - MINUTE)
    assert not Alert.objects.exists()
    write("minutes", now - 4 * MINUTE, 9)  # too old by now
    services.evaluate(workspace=workspace, now=now + MINUTE / 6)
    assert not Alert.objects.exists()


def test_a_late_value_that_takes_a_past_breach_away_is_noted_and_nothing_is_unsent(
    editor: Viewer, workspace: Workspace, now: datetime
) -> None:
    watch(editor, now, indicator=MINUTES, op=">", value=5.0)
    write("minutes", now - 2 * MINUTE, 9)
    services.evaluate(workspace=workspace, now=now - MINUTE)
    write("minutes", now - MINUTE, 3)
    services.evaluate(workspace=workspace, now=now)
    assert Alert.objects.get().state == "resolved"
    write("minutes", now - 2 * MINUTE, 4)
    for minutes in (1, 2, 3):
        services.evaluate(workspace=workspace, now=now + minutes * MINUTE)
    assert list(Transition.objects.values_list("step", flat=True)) == ["fired", "resolved", "corrected"]
    assert Alert.objects.get().state == "resolved"


def test_a_number_that_is_archived_ends_its_alert_and_pauses_the_watch(
    editor: Viewer, workspace: Workspace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(editor, now, indicator=REWORK, op=">", value=5.0)
    tell("rework", 9.0)
    services.evaluate(workspace=workspace, now=now)
    numbers.fall_silent("rework")
    services.evaluate(workspace=workspace, now=now + MINUTE)
    assert Alert.objects.get().state == "firing"  # silent, but there
    monkeypatch.setattr(keeping, "_catalogue", lambda *_asked: [])
    services.evaluate(workspace=workspace, now=now + 2 * MINUTE)
    alert = Alert.objects.select_related("watch").get()
    assert (alert.state, alert.reason, alert.watch.paused_at) == ("resolved", "rule_paused", now + 2 * MINUTE)


def test_a_changed_unit_ends_what_is_open(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    row = watch(editor, now, indicator=REWORK, op=">", value=5.0)
    tell("rework", 9.0)
    services.evaluate(workspace=workspace, now=now)
    assert services.refresh_watches(workspace=workspace, now=now) == 0
    Watch.objects.filter(pk=row.pk).update(unit="‰")
    assert services.refresh_watches(workspace=workspace, now=now) == 1
    assert (Alert.objects.get().reason, Watch.objects.get().unit) == ("unit_changed", "%")


def test_an_uploaded_past_sets_nothing_off(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    watch(editor, now)
    write("orders", MIDNIGHT - DAY, 3)
    assert services.take_as_past(workspace=workspace, indicator=ORDERS, until=MIDNIGHT - DAY) == 1
    assert states((workspace, now)) == [""]
    write("orders", MIDNIGHT, 3)
    assert states((workspace, MIDNIGHT + DAY)) == ["firing"]


def test_a_backtest_lists_what_the_live_log_lists(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    row = watch(editor, now, indicator=MINUTES, op=">", value=5.0, clear=4.0, for_seconds=60, keep_seconds=120)
    values = [3, 6, 3, 6, 6, 6, 4.5, 6, 3, 3, 3, 3, 7, 7, 7, 7, 4, 4, 7, 3, 3, 3, 3]
    start = now.replace(second=0)
    for place, value in enumerate(values):
        write("minutes", start + place * MINUTE, value)
    end = start + len(values) * MINUTE
    tick = start
    while tick < end:
        services.evaluate(workspace=workspace, now=tick)
        tick += timedelta(seconds=10)
    live = list(Transition.objects.order_by("at", "pk").values_list("at", "step", "value"))
    told = services.backtest(viewer=editor, watch=row, start=start, end=end)
    assert [(one.at, one.step.value, one.value) for one in told.events] == live
    assert len(live) >= 6
