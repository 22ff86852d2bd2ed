"""A day that still runs: judged at once where that was asked for, said to wait where not, and yesterday told in time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from metrics import services as metrics
from metrics.models import Metric
from metrics.services import Given
from opsboard.alerts import services
from opsboard.alerts.forms import ConditionForm
from opsboard.alerts.forms.watches import WatchForm
from opsboard.alerts.models import Alert, Transition, Watch
from opsboard.core.access import Viewer
from opsboard.core.models import Delivery, User, Workspace

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 11, 22, 16, tzinfo=UTC)  # midnight in Shanghai
DAY, TICK = timedelta(days=1), timedelta(seconds=10)
NOON = TODAY + DAY / 2
BASE = "/north-plant/alerts/"
TYPED = {"indicator": "metrics.value:reply", "op": ">", "value": "36.9", "for_count": "0", "for_unit": "minutes", "keep_count": "0", "keep_unit": "minutes", "severity": "warning", "scope": "whole"}  # fmt: skip
type Write = Callable[[datetime, float], None]
type SignIn = Callable[[User], Client]


@pytest.fixture
def reply(editor: Viewer) -> Metric:
    """Minutes until an answer, a day's average."""
    return metrics.create_metric(
        workspace=editor.workspace, by=editor.user, now=NOON, name="Reply", key="reply", unit="min", decimals=1,
        grain="day", aggregation="mean", direction="down",
    )  # fmt: skip


@pytest.fixture
def write(reply: Metric, editor: Viewer, django_capture_on_commit_callbacks: Any) -> Write:
    def write(at: datetime, value: float) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            metrics.write_points(metric=reply, points=[Given(at, value)], by=editor.user, now=NOON)

    return write


def watch(viewer: Viewer, *, since: datetime = NOON, **more: Any) -> Watch:
    return services.watch_number(
        viewer=viewer, now=since, **{"indicator": "metrics.value:reply", "op": ">", "value": 36.9, **more}
    )


@pytest.mark.parametrize(("so_far", "then"), [(False, ["fired"]), (True, ["fired", "resolved"])])
def test_a_bad_average_of_yesterday_is_told_at_the_next_tick_though_today_has_a_value(
    so_far: bool, then: list[str], write: Write, editor: Viewer, workspace: Workspace
) -> None:
    write(TODAY - 2 * DAY, 30)
    write(TODAY - DAY, 31)
    write(TODAY, 30)
    watch(editor, so_far=so_far)
    for tick in range(3):
        services.evaluate(workspace=workspace, now=NOON + tick * TICK)
    assert not Alert.objects.exists()
    write(TODAY - DAY, 72.24)
    for tick in (3, 4):
        services.evaluate(workspace=workspace, now=NOON + tick * TICK)
    alert = Alert.objects.get()
    assert (alert.value if not so_far else alert.peak, alert.bucket_at) == (72.24, TODAY - DAY)
    assert alert.fired_at == NOON + 3 * TICK
    assert list(Transition.objects.order_by("at").values_list("step", flat=True)) == then


def test_what_would_have_fired_is_what_fired_whether_the_running_day_is_judged_or_not(
    write: Write, editor: Viewer, workspace: Workspace
) -> None:
    start = TODAY - 9 * DAY
    for day, value in enumerate((30, 40, 41, 30, 30, 50, 20, 20, 38)):
        write(start + day * DAY, value)
    asked = [watch(editor, since=start - DAY, so_far=one) for one in (True, False)]
    tick = start
    while tick < NOON:
        services.evaluate(workspace=workspace, now=tick)
        tick += DAY / 2
    for row in asked:
        told = services.backtest(viewer=editor, watch=row, start=start, end=NOON)
        live = Transition.objects.filter(instance__watch=row).order_by("at", "pk")
        assert [(one.at, one.step.value, one.value) for one in told.events] == [
            *live.values_list("at", "step", "value")
        ]
        assert live.count() >= 5
    fired = Transition.objects.filter(step="fired").order_by("at")
    early, late = (list(fired.filter(instance__watch=row).values_list("at", flat=True)) for row in asked)
    assert [one + DAY for one in early] == late


@pytest.mark.parametrize(
    ("aggregation", "grain", "op", "shown", "ticked"),
    [
        ("mean", "day", ">", True, True),
        ("ratio", "week", "<", True, True),
        ("sum", "day", ">", False, False),
        ("sum", "month", "<", True, False),
        ("last", "day", ">", False, False),
        ("mean", "minute", ">", False, False),
        ("mean", "hour", ">", True, False),
    ],
)
def test_the_form_asks_whether_the_running_period_is_judged_where_that_matters(
    aggregation: str, grain: str, op: str, shown: bool, ticked: bool, reply: Metric, editor: Viewer
) -> None:
    Metric.objects.filter(pk=reply.pk).update(aggregation=aggregation, grain=grain)
    for kind in (WatchForm, ConditionForm):
        form = kind(viewer=editor, initial={"indicator": reply.indicator, "op": op})
        assert (form.shows_so_far, form["so_far"].value()) == (shown, ticked)
        assert not shown or f"the {grain} that still runs" in str(form["so_far"].label)
    row = watch(editor, op=op)
    edited = ConditionForm(viewer=editor, initial=ConditionForm.values_of(row))
    assert (edited["so_far"].value(), edited.keeps_so_far) == (False, True)


def test_a_value_of_the_running_day_is_never_shown_as_all_right_before_it_was_judged(
    write: Write, editor: Viewer, anna: User, workspace: Workspace, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON + TICK)
    client = sign_in(anna)
    write(TODAY, 55)
    saved = client.post(f"{BASE}watches/new/", TYPED, follow=True).text
    assert "The day that still runs is judged when it is over." in saved
    row = Watch.objects.get()
    services.evaluate(workspace=workspace, now=NOON)
    text = client.get(row.get_absolute_url()).text
    assert all(said in text for said in ("55 min so far", "judged when the day is over", "Waiting"))
    assert 'data-state="ok"' not in text
    write(TODAY - DAY, 30)
    services.evaluate(workspace=workspace, now=NOON + TICK)
    text = client.get(row.get_absolute_url()).text
    assert "30 min<br>" in text
    assert "judged when the day is over" in client.get(f"{BASE}watches/").text
    assert "what they read so far is not judged yet" in client.get(BASE).text
    # Ticked, it is told at once.
    assert client.post(f"{BASE}watches/new/", {**TYPED, "so_far": "on"}).status_code == 303
    services.evaluate(workspace=workspace, now=NOON + 2 * TICK)
    assert Alert.objects.get().value == 55


def test_a_day_is_told_as_a_day_and_numbers_are_rounded_as_everywhere(
    write: Write, editor: Viewer, anna: User, workspace: Workspace, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    Metric.objects.update(decimals=None)
    for back, value in ((6, 30.0), (5, 37.03333), (4, 40), (3, 30), (2, 50), (1, 72.24)):
        write(TODAY - back * DAY, value)
    for so_far in ({}, {"so_far": "on"}):
        told = sign_in(anna).post(f"{BASE}watches/preview/", {**TYPED, **so_far}).text
        assert "<li>18 Nov – 19 Nov · Peak 40 min</li>" in told
        assert "<li>21 Nov – 22 Nov · Peak 72.24 min</li>" in told
    row = watch(editor)
    assert (row.written(37.03333), row.written(36.9004)) == ("37.03 min", "36.9004 min")
    services.evaluate(workspace=workspace, now=NOON)
    text = sign_in(anna).get(Alert.objects.get().get_absolute_url()).text
    assert "72.24 min <small>22 Nov</small>" in text
    assert "(by the value of 22 Nov)" in text


def test_the_units_of_ages_are_in_the_readers_language_and_a_mail_without_a_server_is_not_called_sent(
    write: Write, editor: Viewer, anna: User, workspace: Workspace, sign_in: SignIn, settings: Any
) -> None:
    write(TODAY - DAY, 55)
    watch(editor)
    services.evaluate(workspace=workspace, now=NOON)
    Delivery.objects.update(state="sent")
    address = Alert.objects.get().get_absolute_url()
    assert "E-mail: Sent" in sign_in(anna).get(address).text
    settings.MAIL_HOST = ""
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": {}}}
    assert "E-mail: no mail server is set up" in sign_in(anna).get(address).text
    with translation.override("zh-hans"):
        numbers: Any = ConditionForm(viewer=editor).fields["indicator"]
        shown = [title for _app, rows in numbers.choices for _key, title in rows]
        assert any("Reply (小时)" in title for title in shown)
        assert any("Reply (min)" in title for title in shown)
