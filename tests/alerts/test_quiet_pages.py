"""Silences, maintenance windows, escalations, and answering alerts, on their pages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.contract import find_unheard
from opsboard.alerts.models import Alert, EscalationPolicy, MaintenanceWindow, Route, Silence
from opsboard.core import access, effects
from opsboard.core.access import Viewer
from opsboard.core.models import Channel, Delivery, Membership, User, Workspace
from tests.alerts.numbers import tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbers")]
SignIn = Callable[[User], Client]
BASE = "/north-plant/alerts/"


@pytest.fixture
def alert(editor: Viewer) -> Alert:
    """An alert that fires now, of two."""
    now = timezone.now()
    services.watch_number(viewer=editor, now=now, indicator="metrics.value:rework", op=">", value=5)
    tell("rework", 7, shop="North")
    tell("rework", 9, shop="South")
    services.evaluate(workspace=editor.workspace, now=now)
    found: Alert = Alert.objects.select_related("workspace", "watch").get(labels__shop="North")
    return found


def test_an_alert_is_silenced_in_two_clicks(sign_in: SignIn, anna: User, victor: User, alert: Alert) -> None:
    client = sign_in(anna)
    link = f"{BASE}silences/new/?alert={alert.pk}"
    assert link in client.get(alert.get_absolute_url()).text
    form = client.get(link).text
    assert "watch=Rework rate, shop=North</textarea>" in form
    assert str(alert) in form, "what it is about is shown"
    typed = {
        "matchers": "watch=Rework rate, shop=North",
        "lasts": "4",
        "reason": "Stock-taking",
        "ends_at": "",
        "starts_at": "",
    }
    assert client.post(link, typed).status_code == 303
    row = Silence.objects.get()
    assert (row.author, (row.ends_at - row.starts_at).total_seconds()) == (anna, 4 * 3600)
    text = client.get(f"{BASE}").text
    assert text.count('status-quiet">Silenced</span>') == 1
    for address in (f"{BASE}silences/", row.get_absolute_url(), f"{row.get_absolute_url()}edit/"):
        assert "Stock-taking" in client.get(address).text
    assert "Stock-taking" in b"".join(client.get(f"{BASE}silences/?export=csv&state=active")).decode()
    assert "No silence matches" in client.get(f"{BASE}silences/?state=coming").text
    assert client.post(f"{row.get_absolute_url()}edit/", {**typed, "reason": "Longer"}).status_code == 303
    newest = Silence.objects.latest("pk")
    assert (newest.earlier, newest.reason) == (row, "Longer")
    assert client.post(f"{newest.get_absolute_url()}end/").status_code == 303
    assert "New silence" not in sign_in(victor).get(f"{BASE}silences/").text


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"matchers": ""}, "Say which alerts"),
        ({"matchers": "shop"}, "“shop” is not understood"),
        ({"reason": ""}, "Say why"),
        ({"lasts": "", "ends_at": ""}, "every silence does"),
        ({"lasts": "", "ends_at": "2020-01-01T10:00"}, "The end must come after the beginning."),
        ({"lasts": "", "ends_at": "2099-01-01T10:00"}, "30 days at most"),
        ({"lasts": "x"}, "not one of the available choices"),
        ({"starts_at": "9999-12-31T23:59"}, "outside the years 1900 to 2200"),
    ],
)
def test_what_is_wrong_with_a_silence_is_said(typed: dict[str, str], message: str, sign_in: SignIn, anna: User) -> None:
    asked = {"matchers": "shop=North", "lasts": "4", "reason": "x", "ends_at": "", **typed}
    answer = sign_in(anna).post(f"{BASE}silences/new/", asked)
    assert (answer.status_code, message in answer.text) == (422, True), answer.text[-3000:]
    assert not Silence.objects.exists()


def test_the_preview_counts_what_fits(sign_in: SignIn, anna: User, alert: Alert) -> None:
    assert f'data-put="matchers" data-put-value="watch={alert.watch}"' in sign_in(anna).get(f"{BASE}silences/new/").text
    client = sign_in(anna)
    assert client.post(f"{BASE}silences/fitting/", {"matchers": "shop~*o*"}).text.count("<li>") == 2
    assert "None of the open alerts fits" in client.post(f"{BASE}silences/fitting/", {"matchers": "shop=West"}).text
    assert "here you see" in client.post(f"{BASE}silences/fitting/", {"matchers": "???"}).text


WINDOW = {
    "title": "Cleaning", "matchers": "shop=North", "repeats": "weekly", "first_on": "2026-11-01", "last_on": "",
    "starts": "22:00", "ends": "06:00", "weekdays": ["4", "5"], "monthday": "", "timezone": "Europe/Berlin", "reason": "",
}  # fmt: skip


def test_a_maintenance_window_is_made_edited_and_deleted(sign_in: SignIn, anna: User) -> None:
    client = sign_in(anna)
    assert "No maintenance windows" in client.get(f"{BASE}maintenance/").text
    assert client.post(f"{BASE}maintenance/new/", WINDOW).status_code == 303
    row = MaintenanceWindow.objects.get()
    assert row.when == "Every week on Fri, Sat, 22:00–06:00"
    assert "Every week on Fri, Sat" in client.get(f"{BASE}maintenance/").text
    page = client.get(row.get_absolute_url()).text
    assert 'value="22:00"' in page
    assert 'value="4" id="id_weekdays_4" checked' in page.replace("  ", " ") or "checked" in page
    assert client.post(row.get_absolute_url(), {**WINDOW, "repeats": "daily"}).status_code == 303
    for wrong, message in (
        ({"weekdays": []}, "Choose at least one weekday."),
        ({"last_on": "2026-10-01"}, "The last day comes before the first."),
        ({"ends": "22:00"}, "must differ"),
        ({"timezone": "Mars/Base"}, "not one of the available choices"),
        ({"repeats": "once", "last_on": "2027-10-01"}, "31 days at most"),
        ({"repeats": "once", "first_on": ""}, "This field is required."),
        ({"repeats": "once", "starts": "25:99"}, "Enter a valid time."),
        ({"repeats": "once", "timezone": "Mars/Base"}, "not one of the available choices"),
        ({"first_on": "0001-01-01"}, "outside the years 1900 to 2200"),
        ({"last_on": "9999-12-31"}, "outside the years 1900 to 2200"),
    ):
        answer = client.post(f"{BASE}maintenance/new/", {**WINDOW, **wrong})
        assert (answer.status_code, message in answer.text) == (422, True), message
    assert client.post(f"{row.get_absolute_url()}delete/").status_code == 303
    assert client.get(row.get_absolute_url()).status_code == 404


def test_an_escalation_is_made_and_chosen_at_a_watch(
    sign_in: SignIn, anna: User, wang: User, connie: User, alert: Alert, workspace: Workspace
) -> None:
    client = sign_in(anna)
    steps = {"title": "Line stop", "step0-delay": "15", "step0-people": [wang.pk], "step1-delay": "60",
             "step1-people": [connie.pk], "step1-working": "on"}  # fmt: skip
    assert client.post(f"{BASE}escalation/new/", steps).status_code == 303
    policy = EscalationPolicy.objects.get()
    assert [(step.delay, step.working) for step in policy.steps.all()] == [(900, False), (3600, True)]
    assert "Line stop" in client.get(f"{BASE}escalation/").text
    assert 'value="15"' in client.get(policy.get_absolute_url()).text
    for wrong, message in (
        ({"step0-people": []}, "Choose somebody to call."),
        ({"step0-delay": ""}, "Say after how many minutes."),
        ({"title": ""}, "This field is required."),
    ):
        answer = client.post(policy.get_absolute_url(), {**steps, **wrong})
        assert (answer.status_code, message in answer.text) == (422, True), message
    channel = Channel.objects.create(workspace=workspace, name="Line 1", kind="webhook", created_at=timezone.now())
    how = f"{alert.watch.get_absolute_url()}how/"
    assert "Line 1" in client.get(how).text
    typed = {"channels": [channel.pk], "escalation": policy.pk, "group_by": "shop", "wait": "0", "interval": "10",
             "repeat": "0.5", "resolved": "false"}  # fmt: skip
    assert client.post(how, typed).status_code == 303
    route = Route.objects.get()
    assert (route.group_by, route.group_interval, route.repeat_interval, route.resolved) == (["shop"], 600, 1800, False)
    assert list(alert.watch.channels.all()) == [channel]
    assert "Line 1" in client.get(alert.watch.get_absolute_url()).text
    assert client.post(f"{BASE}escalation/how/", {"group_by": "a,b,c,d,e,f"}).status_code == 422
    assert client.post(f"{BASE}escalation/how/", {"repeat": "8"}).status_code == 303
    assert client.post(f"{policy.get_absolute_url()}delete/").status_code == 303
    assert "No escalation yet" in client.get(f"{BASE}escalation/").text


def test_several_are_acknowledged_at_once_and_one_is_taken_over(
    sign_in: SignIn, connie: User, victor: User, stranger: User, alert: Alert
) -> None:
    client, pks = sign_in(connie), list(Alert.objects.values_list("pk", flat=True))
    assert client.get(BASE).text.count('name="alert"') == 2
    assert 'name="alert"' not in sign_in(victor).get(BASE).text
    assert sign_in(victor).post(f"{BASE}acknowledge/", {"alert": pks}).status_code == 403
    assert client.post(f"{BASE}acknowledge/", {"alert": [*pks, "x", "9" * 30, 10**15]}).status_code == 303
    assert not Alert.objects.unacknowledged().exists()
    assert client.post(f"{alert.get_absolute_url()}take-over/").status_code == 303
    alert.refresh_from_db()
    assert alert.keeper == connie
    address = f"{alert.get_absolute_url()}acknowledge/"
    assert client.post(address, {"note": "until lunch", "lasts": "4"}).status_code == 303
    alert.refresh_from_db()
    assert alert.acknowledged_until is not None
    services.pause_watch(watch=alert.watch, now=timezone.now())
    assert client.post(f"{alert.get_absolute_url()}take-over/").status_code == 422


def test_the_timeline_says_who_was_told_what_when_and_whether_it_arrived(
    sign_in: SignIn, anna: User, alert: Alert, django_assert_max_num_queries: Any
) -> None:
    services.take_over(alert=alert, by=anna, now=timezone.now())
    Delivery.objects.update(state=Delivery.State.SENT)
    client = sign_in(anna)
    with django_assert_max_num_queries(32):
        text = " ".join(client.get(alert.get_absolute_url()).text.split())
    for words in (
        "Told: Fired",
        "2 alerts fire; worst is shop: South, 9%",
        "Anna · in Opsboard · E-mail: Sent",
        "Taken over",
    ):
        assert words in text, words


@pytest.mark.parametrize("query", ["watch=1", "silenced=no", "since=7", "seen=no&severity=warning", "q=North"])
def test_the_list_is_filtered(query: str, sign_in: SignIn, anna: User, alert: Alert, now: datetime) -> None:
    query = query.replace("watch=1", f"watch={alert.watch_id}")
    assert str(alert) in sign_in(anna).get(f"{BASE}?{query}").text


def test_others_may_silence_and_a_watch_that_nobody_hears_is_found(
    alert: Alert, anna: User, workspace: Workspace, sign_in: SignIn, adam: User
) -> None:
    settings: dict[str, Any] = {"matchers": "shop=North", "lasts": "4", "reason": "Stock-taking"}
    effects.perform("alerts.silence", workspace=workspace, by=anna, now=timezone.now(), **settings)
    assert Silence.objects.get().matchers_text == "shop=North"
    form = sign_in(anna).get(f"/north-plant/do/alerts.silence/?about_model=alerts.alert&about_id={alert.pk}").text
    assert "watch=Rework rate, shop=North" in form
    viewer, week = access.the_house(workspace), workspace.week_of(timezone.now())
    assert list(find_unheard(viewer, week)) == []
    Membership.objects.filter(user=anna).delete()
    (found,) = find_unheard(viewer, week)
    assert found.title == "Nobody hears the watch “Rework rate”"
