"""What people see of alerts, and what they may do there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.contract import contract, find_firing, tell_week
from opsboard.alerts.models import Alert, Watch
from opsboard.core import effects, periods, registry
from opsboard.core.access import Viewer
from opsboard.core.models import Channel, Notice, User, Workspace
from tests.alerts.numbers import tell, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbers")]
SignIn = Callable[[User], Client]
BASE = "/north-plant/alerts/"
TYPED = {
    "indicator": "metrics.value:rework", "op": ">", "value": "5", "clear": "4", "for_count": "10",
    "for_unit": "minutes", "keep_count": "0", "keep_unit": "minutes", "severity": "critical", "title": "", "scope": "whole", "labels": "",
}  # fmt: skip


def fire(viewer: Viewer, now: datetime, **more: Any) -> Alert:
    services.watch_number(
        viewer=viewer, now=now, **{"indicator": "metrics.value:rework", "op": ">", "value": 5, **more}
    )
    tell("rework", 7.4)
    services.evaluate(workspace=viewer.workspace, now=now)
    alert: Alert = Alert.objects.select_related("workspace", "watch").get()
    return alert


def test_an_empty_list_teaches_what_a_watch_is(sign_in: SignIn, anna: User, victor: User) -> None:
    assert "Say which number, which value and for how long" in sign_in(anna).get(BASE).text
    assert f'href="{BASE}watches/new/"' not in sign_in(victor).get(BASE).text


@pytest.mark.parametrize("tab", ["", "pending/", "resolved/", "all/"])
def test_each_tab_shows_its_alerts(tab: str, sign_in: SignIn, editor: Viewer, anna: User, now: datetime) -> None:
    fire(editor, now)
    assert ("7.4%" in sign_in(anna).get(BASE + tab).text) is (tab in ("", "all/"))


def test_the_list_is_filtered_sorted_and_exported(sign_in: SignIn, editor: Viewer, anna: User, now: datetime) -> None:
    fire(editor, now)
    client = sign_in(anna)
    assert "7.4%" not in client.get(f"{BASE}?severity=critical").text
    assert "No alert matches" in client.get(f"{BASE}?q=nothing").text
    assert "7.4%" in client.get(f"{BASE}?q=rework&sort=-peak").text
    export = client.get(f"{BASE}?export=csv")
    assert "Rework rate,Warning,Firing,7.4,7.4" in b"".join(export.streaming_content).decode()  # type: ignore[attr-defined]


def test_htmx_gets_the_part_only(sign_in: SignIn, editor: Viewer, anna: User, now: datetime) -> None:
    alert = fire(editor, now)
    for address in (BASE, alert.get_absolute_url(), alert.watch.get_absolute_url(), f"{BASE}watches/"):
        part = sign_in(anna).get(address, headers={"HX-Request": "true"}).text
        assert "<html" not in part
        assert "Rework rate" in part


def test_an_alert_shows_what_since_when_and_its_chart(
    sign_in: SignIn, editor: Viewer, anna: User, now: datetime
) -> None:
    alert = fire(editor, now)
    text = sign_in(anna).get(alert.get_absolute_url()).text
    assert "Alert when Rework rate is above 5%." in text
    assert "<svg" in text
    assert 'class="chart-threshold"' in text
    assert "Fired" in text


def test_a_contributor_acknowledges_with_a_note_and_a_viewer_may_not(
    sign_in: SignIn, editor: Viewer, connie: User, victor: User, now: datetime
) -> None:
    alert = fire(editor, now)
    address = f"{alert.get_absolute_url()}acknowledge/"
    assert sign_in(victor).post(address, {"note": "x"}).status_code == 403
    assert sign_in(connie).post(address, {"note": "I call the supplier"}).status_code == 303
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.note) == (connie, "I call the supplier")
    assert "I call the supplier" in sign_in(victor).get(alert.get_absolute_url()).text


def test_a_resolved_alert_is_acknowledged_no_more(sign_in: SignIn, editor: Viewer, anna: User, now: datetime) -> None:
    alert = fire(editor, now)
    services.pause_watch(watch=alert.watch, now=now)
    answer = sign_in(anna).post(f"{alert.get_absolute_url()}acknowledge/", {"note": ""})
    assert (answer.status_code, "already resolved" in answer.text) == (422, True)


def test_a_watch_is_made_on_its_form(sign_in: SignIn, anna: User, connie: User) -> None:
    answer = sign_in(anna).post(f"{BASE}watches/new/", {**TYPED, "people": [connie.pk]})
    watch = Watch.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, watch.get_absolute_url())
    assert (watch.for_seconds, watch.clear, watch.severity, watch.owner) == (600, 4, "critical", anna)
    assert watch.sentence == "Alert when Rework rate is above 5% for 10 min; it clears at 4%."
    assert list(watch.people.all()) == [connie]


def test_a_share_is_typed_in_per_cent_and_kept_as_nought_to_one(sign_in: SignIn, anna: User, connie: User) -> None:
    client = sign_in(anna)
    channel = Channel.objects.create(workspace=anna.memberships.get().workspace, name="Shift", kind="in_app", created_at=timezone.now())  # fmt: skip
    share = {
        **TYPED, "indicator": "metrics.value:share", "op": "<", "value": "80", "clear": "85", "severity": "warning",
        "critical_value": "62.5", "people": [anna.pk], "channels": [channel.pk],
    }  # fmt: skip
    told = client.post(f"{BASE}watches/preview/", share).text
    assert "Alert when On time is below 80% for 10 min, Critical below 62.5%; it clears at 85%." in told
    assert 'data-unit-now="%"' in told
    assert client.post(f"{BASE}watches/new/", share).status_code == 303
    watch = Watch.objects.get()
    assert (watch.value, watch.clear, watch.levels) == (0.8, 0.85, [{"severity": "critical", "value": 0.625, "clear": None}])  # fmt: skip
    assert list(watch.channels.all()) == [channel]
    # The form shows again what was typed, and saving it unchanged changes nothing.
    form = client.get(f"{watch.get_absolute_url()}edit/").context["form"]
    assert [form[name].value() for name in ("value", "clear", "critical_value")] == ["80", "85", "62.5"]
    assert client.post(f"{watch.get_absolute_url()}edit/", {**share, "version": "1"}).status_code == 303
    watch.refresh_from_db()
    assert (watch.value, watch.clear) == (0.8, 0.85)
    # A change in points of a share, and a factor, which has no unit of its own.
    points = {**share, "kind": "change", "compare": "week", "value": "5", "clear": "", "critical_value": ""}
    assert "5% below the same time a week before" in client.post(f"{BASE}watches/preview/", points).text
    factor = {**points, "kind": "other", "other": "metrics.value:rework", "value": "1.2"}
    assert 'data-unit-now="×"' in client.post(f"{BASE}watches/preview/", factor).text
    # A test goes out at once.
    tried = client.post(f"{BASE}watches/test/", {"severity": "critical", "channels": [channel.pk]}).text
    assert "It is under the bell." in tried
    assert "Shift" in tried
    assert Notice.objects.filter(user=anna, severity="critical").count() == 1
    assert sign_in(connie).post(f"{BASE}watches/test/").status_code == 403


def test_an_acknowledgement_is_taken_back_and_alerts_are_found_by_label(
    sign_in: SignIn, editor: Viewer, anna: User, connie: User, victor: User, now: datetime
) -> None:
    services.watch_number(viewer=editor, now=now, indicator="metrics.value:rework", op=">", value=5, scope="each")
    tell("rework", 7.4, shop="North")
    tell("rework", 8.1, shop="South")
    services.evaluate(workspace=editor.workspace, now=now)
    client = sign_in(anna)
    text = client.get(f"{BASE}?label=shop%3DNorth").text
    assert ("7.4%" in text, "8.1%" in text, "shop: South" in text) == (True, False, True)
    alert = Alert.objects.get(labels={"shop": "North"})
    address = alert.get_absolute_url()
    sign_in(connie).post(f"{address}acknowledge/", {"note": "I call them"})
    page = client.get(address).text
    assert all(word in page for word in ("Acknowledged by Connie", "Take over", "Take the acknowledgement back"))
    assert f'{address}acknowledge/" hx-post' in page
    assert sign_in(victor).post(f"{address}withdraw/").status_code == 403
    assert client.post(f"{address}withdraw/").status_code == 303
    alert.refresh_from_db()
    assert (alert.acknowledged_at, alert.keeper) == (None, None)
    assert "Acknowledgement taken back" in client.get(address).text


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"clear": "6"}, "An alert above 5% must clear at 5% or lower."),
        ({"op": "<", "clear": "4"}, "An alert below 5% must clear at 5% or higher."),
        ({"value": ""}, "Enter the value at which it should speak up."),
        ({"value": "nan"}, "“nan” is not a number that can be counted with."),
        ({"value": "1e300"}, "This threshold is too large."),
        ({"indicator": ""}, "Choose the number to watch."),
        ({"indicator": "metrics.value:secret"}, "is not one of the available choices"),
        ({"for_count": "400", "for_unit": "days"}, "At most one year."),
        ({"for_count": "-1"}, "greater than or equal to 0"),
        ({"for_count": "99999999999999999999999999"}, "At most one year."),
        ({"labels": "shop"}, "Write it as name=value"),
        ({"labels": "colour=red"}, "This number has no label “colour”."),
        ({"severity": "<script>"}, "is not one of the available choices"),
        ({"title": "\x00"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    typed: dict[str, str], message: str, sign_in: SignIn, anna: User
) -> None:
    answer = sign_in(anna).post(f"{BASE}watches/new/", {**TYPED, **typed})
    assert answer.status_code == 422
    assert message in answer.text
    assert not Watch.objects.exists()


def test_the_sentence_is_shown_while_typing(sign_in: SignIn, anna: User) -> None:
    client = sign_in(anna)
    assert (
        "Alert when Rework rate is above 5% for 10 min; it clears at 4%."
        in client.post(f"{BASE}watches/preview/", TYPED).text
    )
    # Before there is a threshold, its past proposes one.
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(1, 40):
        write("orders", today - timedelta(days=back), 10.0 + back % 3)
    undecided = client.post(
        f"{BASE}watches/preview/", {**TYPED, "indicator": "metrics.value:orders", "value": "x", "clear": ""}
    ).text
    assert "From which value on do you want to know it?" in undecided
    assert 'data-put="value" data-put-value="1' in undecided
    assert "Choose a number" in client.post(f"{BASE}watches/preview/", {**TYPED, "indicator": ""}).text


def test_the_numbers_are_searched_by_name(sign_in: SignIn, anna: User) -> None:
    text = sign_in(anna).get(f"{BASE}watches/numbers/?number=ORD&indicator=metrics.value:minutes").text
    assert "Orders" in text
    assert "Rework" not in text
    assert 'value="metrics.value:minutes" selected' in text


def test_a_watch_is_edited_and_a_stale_edit_shows_both_texts(
    sign_in: SignIn, editor: Viewer, anna: User, now: datetime
) -> None:
    watch = fire(editor, now).watch
    address, client = f"{watch.get_absolute_url()}edit/", sign_in(anna)
    assert 'value="5"' in client.get(address).text
    assert client.post(address, {**TYPED, "value": "6", "version": "1"}).status_code == 303
    stale = client.post(address, {**TYPED, "value": "8", "version": "1"})
    assert stale.status_code == 409
    assert "It now says: Alert when Rework rate is above 6%" in stale.text
    assert 'value="8"' in stale.text
    assert 'name="version" value="2"' in stale.text


def test_a_watch_is_paused_resumed_and_deleted(sign_in: SignIn, editor: Viewer, anna: User, now: datetime) -> None:
    alert = fire(editor, now)
    address, client = alert.watch.get_absolute_url(), sign_in(anna)
    assert client.post(f"{address}pause/").status_code == 303
    assert "Paused" in client.get(address).text
    assert client.post(f"{address}resume/").status_code == 303
    assert client.post(f"{address}delete/").status_code == 303
    assert client.get(address).status_code == 404
    assert client.get(alert.get_absolute_url()).status_code == 200


def test_strangers_find_nothing(sign_in: SignIn, editor: Viewer, stranger: User, now: datetime) -> None:
    alert = fire(editor, now)
    assert sign_in(stranger).get(alert.get_absolute_url()).status_code == 404
    assert sign_in(stranger).get(f"/south-shop/alerts/{alert.pk}/").status_code == 404


def test_the_margin_of_an_object_shows_its_alerts(sign_in: SignIn, editor: Viewer, anna: User, now: datetime) -> None:
    """Any object will do: here a notice, which alerts know nothing of."""
    alert = fire(editor, now)
    notice = Notice.objects.get()
    Watch.objects.update(about_type=ContentType.objects.get_for_model(Notice), about_id=notice.pk)
    query = f"about_model=core.notice&about_id={notice.pk}"
    text = sign_in(anna).get(f"{BASE}margin/?{query}").text
    assert alert.get_absolute_url() in text
    assert "above 5%" in text
    for hostile in ("about_model=nothing&about_id=1", "about_model=core.notice&about_id=99999999999999999999", ""):
        assert sign_in(anna).get(f"{BASE}margin/?{hostile}").text.strip() == ""


def test_the_week_is_told_on_screen_and_on_paper(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    period = periods.week_of(now, workspace.zone)
    assert tell_week(editor, period) is None
    fire(editor, now)
    told = tell_week(editor, period)
    assert told is not None
    assert (told["fired"], told["resolved"], told["still"], len(told["rows"])) == (1, 0, 1, 1)
    assert tell_week(editor, period.previous())["rows"] == []  # type: ignore[index]
    over = Alert.objects.get()
    over.pk, over.episode, over.state = None, over.episode + 1, Alert.State.RESOLVED
    over.active_at, over.resolved_at = over.active_at + timedelta(minutes=5), over.active_at + timedelta(minutes=9)
    over.save()
    told = tell_week(editor, period)
    assert told is not None
    assert (told["fired"], told["resolved"], told["still"], told["more"]) == (2, 1, 1, 0)
    assert [row.state for row in told["rows"]] == ["resolved", "firing"], "the newest first"


def test_a_firing_alert_is_a_finding(editor: Viewer, workspace: Workspace, now: datetime) -> None:
    fire(editor, now)
    (found,) = find_firing(editor, periods.week_of(now, workspace.zone))
    assert found.detail == "Rework rate is 7.4%, above 5%"
    assert found.indicator == "metrics.value:rework"


def test_the_number_of_firing_alerts_is_a_number_too(editor: Viewer, now: datetime) -> None:
    fire(editor, now)
    assert [(one.key, one.value) for one in registry.read(editor, ["alerts.firing"], now)] == [("alerts.firing", 1.0)]


def test_other_apps_may_ask_to_watch_a_number_and_to_acknowledge(
    editor: Viewer, anna: User, workspace: Workspace, now: datetime
) -> None:
    settings: dict[str, Any] = {"indicator": "metrics.value:rework", "op": ">", "value": 5.0}
    outcome = effects.perform("alerts.watch_indicator", workspace=workspace, by=anna, now=now, **settings)
    assert outcome.about is not None
    assert outcome.about.pk == Watch.objects.get().pk
    tell("rework", 9)
    services.evaluate(workspace=workspace, now=now)
    effects.perform("alerts.acknowledge", workspace=workspace, by=anna, now=now, about=Alert.objects.get(), note="Seen")
    assert Alert.objects.get().note == "Seen"


@pytest.mark.parametrize("key", ["alerts.watch_indicator", "alerts.acknowledge"])
def test_the_effects_have_a_form_on_a_page(key: str, sign_in: SignIn, anna: User) -> None:
    assert sign_in(anna).get(f"/north-plant/do/{key}/").status_code == 200


def test_all_facts_of_an_event_are_declared() -> None:
    assert {event.key for event in contract.events} == {
        "alerts.alert_fired", "alerts.alert_resolved", "alerts.alert_acknowledged", "alerts.alert_flapping",
        "alerts.alert_no_data",
    }  # fmt: skip
