"""What people are told after an alert's state has changed, and what they can do about it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client

from opsboard.alerts import services
from opsboard.alerts.analysis import matching
from opsboard.alerts.models import Alert, EscalationPolicy, MaintenanceWindow, Route, Silence, Told, ToldTo, Watch
from opsboard.alerts.services.telling import after_tick
from opsboard.core import live
from opsboard.core.access import Viewer
from opsboard.core.models import Channel, Delivery, Membership, Notice, Team, User, Workspace
from opsboard.core.periods import between
from tests.alerts.numbers import KEY, fall_silent, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbers")]
SHOPS = ["North", "South", "East"]


class Story:
    """A watch, and ticks after it: `at(60, North=9)` sets numbers and judges a minute later."""

    def __init__(self, viewer: Viewer, now: datetime, **rule: Any) -> None:
        self.viewer, self.now, self.workspace = viewer, now, viewer.workspace
        more = {name: rule.pop(name) for name in ("levels", "no_data") if name in rule}
        self.watch: Watch = services.watch_number(
            viewer=viewer, now=now, **{"indicator": "metrics.value:rework", "op": ">", "value": 5, **rule}
        )
        Watch.objects.filter(pk=self.watch.pk).update(version=self.watch.version + 1, **more)

    def at(self, seconds: float, value: float | None = None, **shops: float) -> list[str]:
        """The texts of the notices that this tick brought."""
        if value is not None:
            tell("rework", value)
        for shop, one in shops.items():
            tell("rework", one, shop=shop)
        before = set(Notice.objects.values_list("pk", flat=True))
        services.evaluate(workspace=self.workspace, now=self.moment(seconds))
        return [notice.text for notice in Notice.objects.exclude(pk__in=before).order_by("pk")]

    def moment(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    def route(self, **route: Any) -> Route:
        return services.save_route(workspace=self.workspace, watch=self.watch, now=self.now, **route)

    @property
    def alert(self) -> Alert:
        found: Alert = Alert.objects.select_related("watch", "workspace").latest("pk")
        return found

    def silence(self, text: str, start: float, end: float, **more: Any) -> Silence:
        return services.silence(
            workspace=self.workspace, by=self.viewer.user, now=self.moment(start), matchers=matching.parse(text),
            ends_at=self.moment(end), reason="Stock-taking", **more,
        )  # fmt: skip


@pytest.fixture
def story(editor: Viewer, now: datetime) -> Story:
    return Story(editor, now)


FIRED = "Rework rate is 7%, above 5%"


def test_a_group_waits_tells_together_then_changes_then_the_end(story: Story) -> None:
    story.route(group_wait=30, group_interval=300, repeat_interval=3600)
    assert story.at(0, North=7) == []
    assert story.at(10, South=9) == []
    assert story.at(30) == ["Rework rate: 2 alerts fire; worst is shop: South, 9%"]
    assert story.at(40, East=6) == []
    assert story.at(330) == ["Rework rate: 3 alerts fire; worst is shop: South, 9%"]
    assert story.at(340, East=1) == []
    assert story.at(630) == ["Rework rate: 1 alert is over, 2 still fire"]
    assert story.at(4220) == []
    assert story.at(4230) == ["Still: Rework rate: 2 alerts fire; worst is shop: South, 9%"]
    assert story.at(4240, North=1) == []
    assert story.at(4250, South=1) == ["Rework rate: all 2 alerts are over"], "wholly over: at once"
    assert list(Told.objects.order_by("pk").values_list("kind", flat=True)) == [
        "first", "more", "resolved", "repeat", "resolved",
    ]  # fmt: skip
    assert story.at(4260, North=8) == [], "a new group waits again"
    assert story.at(4270, North=1) == [], "resolved before its wait was over: nothing"
    assert story.at(4300) == []


def test_each_group_by_its_label_speaks_for_itself_and_the_house_has_a_way_too(story: Story) -> None:
    services.save_route(workspace=story.workspace, watch=None, now=story.now, group_by=["shop"], repeat_interval=0)
    assert sorted(story.at(0, North=7, South=9)) == [
        "Rework rate (shop: North) is 7%, above 5%", "Rework rate (shop: South) is 9%, above 5%",
    ]  # fmt: skip
    assert story.at(200_000) == [], "never again"
    story.route(group_by=[])
    assert story.at(200_010, East=6, West=5.5) == ["Rework rate: 2 alerts fire; worst is shop: East, 6%"]


def test_ten_thousand_that_fire_together_are_one_notice(
    story: Story, anna: User, django_assert_max_num_queries: Any
) -> None:
    for place in range(9_999):
        tell_later(place)
    tell("rework", 99, shop="The worst")
    flush()
    with django_assert_max_num_queries(100):
        (text,) = story.at(0)
    assert text == "Rework rate: 10,000 alerts fire; worst is shop: The worst, 99%"
    notice = Notice.objects.get()
    assert notice.detail.count("•") == 10
    assert "and 9,990 more" in notice.detail
    assert (Told.objects.get().firing, Delivery.objects.count()) == (10_000, 1)
    assert story.at(10) == []


_waiting: dict[Any, Any] = {}


def tell_later(place: int) -> None:
    """All numbers go to Redis in one piece."""
    _waiting[f'["rework", {{"shop": "Shop {place}"}}]'] = f'[{6 + place / 10_000}, null, "ok"]'


def flush() -> None:
    live.connection().hset(KEY, mapping=_waiting)
    _waiting.clear()


def test_a_silence_keeps_quiet_and_its_end_is_told_once(story: Story) -> None:
    story.silence("watch=Rework rate", 0, 600)
    assert story.at(10, 7) == []
    assert story.alert.silenced_at is not None
    assert story.at(600) == [f"The silence is over and it still fires: {FIRED}"], "within one tick"
    assert story.at(610) == []
    assert story.at(620, 2) == ["Rework rate is back at 2% after 10 min 10 s"]


def test_a_silence_that_begins_between_two_ticks_keeps_quiet_from_the_start(story: Story) -> None:
    assert story.at(0, 7) == [FIRED]
    story.silence("severity=warning", 13, 600)
    assert story.at(14) == [], "the tick of ten seconds is judged after the silence was made"
    assert story.at(20) == []
    assert story.at(600) == [f"The silence is over and it still fires: {FIRED}"]


def test_fired_before_a_silence_and_resolved_inside_it_is_told(story: Story) -> None:
    assert story.at(0, 7) == [FIRED]
    story.silence("severity=warning", 5, 600)
    assert story.at(10, 2) == ["Rework rate is back at 2% after 10 s"]
    assert story.at(20, 7) == []
    assert story.at(30, 2) == [], "never told as firing, so not as over either"
    assert story.at(600) == []


def test_fired_before_a_silence_and_still_firing_at_its_end_is_told_once_more(story: Story) -> None:
    story.at(0, 7)
    story.silence("shop!=North", 5, 3600)
    assert story.at(1800) == []
    assert story.at(3610) == [f"The silence is over and it still fires: {FIRED}"]
    assert story.at(3620) == []


def test_overlapping_silences_are_one_and_editing_makes_a_new_one(story: Story, anna: User) -> None:
    first = story.silence("severity=warning", 0, 600)
    story.silence("watch~Rework*", 300, 900)
    story.at(10, 7)
    assert story.at(600) == []
    assert len(story.at(900)) == 1
    with pytest.raises(ValidationError, match="over already"):
        services.change_silence(
            silence=first, by=anna, now=story.moment(910), matchers=first.rules, ends_at=story.moment(990), reason="x"
        )
    third = story.silence("severity=warning", 920, 2000)
    fourth = services.change_silence(
        silence=third, by=anna, now=story.moment(930), matchers=matching.parse("severity=info"),
        ends_at=story.moment(5000), reason="Only the small ones",
    )  # fmt: skip
    third.refresh_from_db()
    assert (third.ends_at, fourth.earlier, fourth.starts_at) == (story.moment(930), third, story.moment(930))
    assert len(story.at(940)) == 1, "free again, and told"
    services.end_silence(silence=fourth, now=story.moment(950))
    assert not Silence.objects.active_at(story.moment(950)).exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [({"days": 31}, "ends_at"), ({"days": 0}, "ends_at"), ({"reason": " "}, "reason"), ({"text": ""}, "matchers")],
)
def test_a_silence_says_why_and_ends_within_thirty_days(story: Story, more: dict[str, Any], field: str) -> None:
    asked = {"days": 30, "reason": "Stock-taking", "text": "shop=North", **more}
    with pytest.raises(ValidationError) as refused:
        services.silence(
            workspace=story.workspace, by=None, now=story.now, matchers=matching.parse(asked["text"]),
            ends_at=story.now + timedelta(days=asked["days"]), reason=asked["reason"],
        )  # fmt: skip
    assert field in refused.value.message_dict
    assert not Silence.objects.exists()


def test_a_maintenance_window_is_quiet_and_is_left_out_of_baselines(story: Story, anna: User) -> None:
    """10:00 to 11:00 in Shanghai each day; the story begins at 17:30 there."""
    row = MaintenanceWindow(
        title="Cleaning", matchers=[["watch", "=", "Rework rate"]], repeats="daily", first_on=story.now.date(),
        starts=datetime(2026, 1, 1, 18).time(), ends=datetime(2026, 1, 1, 19).time(), timezone="Asia/Shanghai",
    )  # fmt: skip
    services.plan_window(workspace=story.workspace, by=anna, now=story.now, window=row)
    assert story.at(1800, 7) == []
    assert story.at(5390) == []
    assert story.at(5400) == [f"The silence is over and it still fires: {FIRED}"]
    three_days = between(story.now.date(), story.now.date() + timedelta(days=2), story.workspace.zone)
    spans = services.left_out(story.watch, three_days)
    assert [(start.hour, end.hour) for start, end in spans] == [(10, 11)] * 3
    services.delete_window(window=row, now=story.moment(5410))
    assert len(services.left_out(story.watch, three_days)) == 1, "its past stays left out"


def test_an_acknowledgement_stops_repeats_until_it_runs_out(story: Story, anna: User, connie: User) -> None:
    story.route(repeat_interval=600)
    story.at(0, 7)
    services.acknowledge(alert=story.alert, by=connie, now=story.moment(5), until=story.moment(2000), note="On it")
    assert story.at(600) == []
    assert story.at(1990) == []
    assert story.at(2000) == [f"Still: {FIRED}"]
    assert story.alert.acknowledged_at is None
    kinds = list(story.alert.remarks.values_list("kind", "by"))
    assert kinds == [("acknowledged", connie.pk), ("ran_out", connie.pk)]
    services.take_over(alert=story.alert, by=anna, now=story.moment(2005))
    assert (story.alert.keeper, story.alert.acknowledged_by) == (anna, anna)
    story.at(2010, 2)
    assert story.at(2020, 7) == [FIRED], "of that episode only"
    with pytest.raises(ValidationError, match="must lie ahead"):
        services.acknowledge(alert=story.alert, by=anna, now=story.moment(2030), until=story.moment(2030))


def test_a_higher_severity_ends_an_acknowledgement_and_is_told_at_once(
    editor: Viewer, now: datetime, anna: User
) -> None:
    story = Story(editor, now, severity="warning", levels=[{"value": 10, "severity": "critical"}])
    story.at(0, 7)
    services.acknowledge(alert=story.alert, by=anna, now=now)
    assert len(story.at(10, 12)) == 1
    assert (story.alert.severity, story.alert.acknowledged_at) == ("critical", None)
    assert Told.objects.latest("pk").kind == "raised"
    assert Notice.objects.latest("pk").severity == "critical"
    assert story.at(20, 7) == ["Rework rate is less grave now: Warning"]


def test_an_escalation_goes_step_by_step_until_somebody_has_it(
    story: Story, anna: User, wang: User, adam: User, victor: User
) -> None:
    policy = services.save_policy(
        policy=EscalationPolicy(workspace=story.workspace, title="Line stop"), now=story.now,
        steps=[
            services.StepPlan(900, teams=[Team.objects.get(name="Warehouse")]),
            services.StepPlan(300, people=[victor]),
            services.StepPlan(1800, people=[adam]),
        ],
    )  # fmt: skip
    story.route(escalation=policy)
    story.at(0, 7)
    assert story.at(290) == []
    assert story.at(300) == [f"Nobody looks after it yet: {FIRED}"]
    assert Notice.objects.latest("pk").user == victor
    assert story.at(310) == [], "once"
    story.at(900)
    assert Notice.objects.latest("pk").user == wang
    services.acknowledge(alert=story.alert, by=wang, now=story.moment(905), until=story.moment(7200))
    assert story.at(1800) == []
    assert story.at(7200) == [f"Nobody looks after it yet: {FIRED}"], "goes on from the next step"
    assert Notice.objects.latest("pk").user == adam
    assert story.at(9000) == []
    assert story.at(9010, 2) == ["Rework rate is back at 2% after 2 h 30 min"]


def test_an_escalation_rests_over_the_weekend(editor: Viewer, wang: User) -> None:
    """Fired on Friday at 17:50 in Shanghai; half an hour of working time ends on Monday at 9:20."""
    friday = datetime(2026, 11, 20, 9, 50, tzinfo=UTC)
    story = Story(editor, friday)
    policy = services.save_policy(
        policy=EscalationPolicy(workspace=story.workspace, title="Office"), now=friday,
        steps=[services.StepPlan(1800, working=True, people=[wang])],
    )  # fmt: skip
    story.route(escalation=policy, repeat_interval=0)
    story.at(0, 7)
    monday = datetime(2026, 11, 23, 1, 20, tzinfo=UTC) - friday
    assert story.at(monday.total_seconds() - 10) == []
    assert len(story.at(monday.total_seconds())) == 1


def test_what_comes_and_goes_is_told_once_and_then_when_it_is_steady(story: Story) -> None:
    said = [story.at(60 * place, 7 if place % 2 == 0 else 2) for place in range(5)]
    assert [len(one) for one in said] == [1] * 5
    (text,) = story.at(300, 2)
    assert text == "Rework rate comes and goes: six changes within an hour. You hear again when it is steady."
    assert [story.at(300 + 60 * place, 7 if place % 2 else 2) for place in range(1, 6)] == [[]] * 5
    assert story.at(600 + 1790) == []
    assert story.at(600 + 1800) == [f"Rework rate is steady again: {FIRED}"]
    assert story.at(2500, 2) == ["Rework rate is back at 2% after 31 min 40 s"]


def test_no_data_is_told_with_a_key_of_its_own_and_lower_severity(editor: Viewer, now: datetime) -> None:
    story = Story(editor, now, no_data="nodata", severity="critical")
    story.at(0, 7)
    fall_silent("rework")
    story.at(10)
    assert story.at(20) == ["Rework rate: no data; the last value was 7%"]
    assert Notice.objects.latest("pk").severity == "warning"
    assert story.at(30) == []
    assert story.at(40, 7) == ["Rework rate has data again, and it goes on"]
    assert story.at(50, 2) == ["Rework rate is back at 2% after 50 s"]
    fall_silent("rework")
    story.at(60)
    assert story.at(70) == ["Rework rate: no data; the last value was 2%"]
    assert story.at(80, 2) == ["Rework rate has data again"]


def test_the_owner_hears_that_a_number_cannot_be_read(story: Story, wang: User, anna: User) -> None:
    story.watch.people.set([wang])
    story.at(0, 3)
    tell("rework", None, status="error")
    said = [text for place in range(1, 9) for text in story.at(10 * place)]
    assert said == ["Rework rate cannot be read, so nobody would hear if it crossed its threshold"]
    assert Notice.objects.get().user == anna
    assert story.at(100, 3) == ["Rework rate can be read again"]
    # So of one that could not be read from its first tick on, whatever parts it is to look at.
    tell("orders", None, status="error")
    watch = services.watch_number(
        viewer=story.viewer, now=story.now, indicator="metrics.value:orders", op=">", value=9, scope="each"
    )
    said = [text for place in range(11, 20) for text in story.at(10 * place)]
    assert said == ["Orders cannot be read, so nobody would hear if it crossed its threshold"]
    fall_silent("orders")
    tell("orders", 3.0, shop="North")
    assert story.at(200) == ["Orders can be read again"]
    assert [one.labels for one in watch.instances.filter(retired_at=None)] == [{"shop": "North"}]


def test_who_left_is_skipped_and_somebody_responsible_is_told_instead(
    story: Story, anna: User, wang: User, victor: User, adam: User
) -> None:
    story.watch.people.set([wang, victor])
    Membership.objects.filter(user=wang).delete()
    story.at(0, 7)
    assert {notice.user for notice in Notice.objects.all()} == {victor, anna}
    assert "Wang is no longer here, so you are told instead." in Notice.objects.get(user=anna).detail
    Membership.objects.filter(user__in=[anna, victor]).delete()
    story.at(10, 2)
    assert Notice.objects.latest("pk").user == adam, "nobody is left: the admins"
    assert ToldTo.objects.latest("pk").instead_of == "Victor, Wang"


def test_a_channel_is_told_with_buttons_and_once(story: Story, workspace: Workspace) -> None:
    channel = Channel.objects.create(workspace=workspace, name="Line 1", kind="webhook", created_at=story.now)
    story.route(channels=[channel])
    story.at(0, 7)
    card = Delivery.objects.get(channel_to=channel)
    assert card.payload["title"] == FIRED
    assert [label for label, _url in card.payload["buttons"]] == ["Acknowledge", "Take over"]
    story.at(10, 2)
    assert Delivery.objects.filter(channel_to=channel).count() == 2
    assert not Notice.objects.exists(), "only the channel was named"


def test_a_quiet_tick_costs_one_query_more(story: Story, django_assert_num_queries: Any) -> None:
    story.at(0, 2)
    with django_assert_num_queries(1):
        after_tick(workspace=story.workspace, tick=story.moment(10))


# --- signed links ----------------------------------------------------------------------------------------------------


def link_in(delivery: Delivery) -> str:
    address = next(line for line in delivery.body.splitlines() if "/open/alerts/answer/" in line)
    return address[address.index("/open/") :]


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Callable[[datetime], None]:
    def set_to(moment: datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    set_to(now + timedelta(minutes=1))
    return set_to


def test_a_mail_is_answered_by_its_link_and_only_by_posting(
    story: Story, anna: User, wall_clock: Callable[[datetime], None]
) -> None:
    story.at(0, 7)
    address, visitor = link_in(Delivery.objects.get()), Client()
    page = visitor.get(address)
    assert page.status_code == 200
    for words in ("Rework rate", "You answer as Anna", "Acknowledge", "Take over", 'name="csrfmiddlewaretoken"'):
        assert words in page.text
    assert story.alert.acknowledged_at is None, "looking is not answering"
    assert "you look after it now" in visitor.post(address, {"do": "take_over"}).text
    assert (story.alert.keeper, story.alert.acknowledged_by) == (anna, anna)
    story.at(10, 2)
    assert "It is over already" in visitor.get(address).text
    assert visitor.post(address, {"do": "acknowledge"}).status_code == 200


def test_a_link_opens_nothing_for_others(
    story: Story, anna: User, stranger: User, sign_in: Callable[[User], Client], wall_clock: Callable[[datetime], None]
) -> None:
    story.at(0, 7)
    address, visitor = link_in(Delivery.objects.get()), Client()
    for hostile in (address[:-9] + "x/", "/open/alerts/answer/x/", "/open/alerts/answer/%00/", address[:-2] + "%F0/"):
        assert visitor.get(hostile).status_code == 404, hostile
    told = Told.objects.get()
    for_the_group = services.answer_address(told, None, story.now)
    assert visitor.get(for_the_group)["Location"].startswith(settings.LOGIN_REDIRECT_URL[:0] + "/accounts/login/")
    assert sign_in(stranger).get(for_the_group).status_code == 410
    assert "You answer as Anna" in sign_in(anna).get(for_the_group).text
    wall_clock(story.now + timedelta(days=8))
    assert visitor.get(address).status_code == 410
    wall_clock(story.now + timedelta(minutes=1))
    Membership.objects.filter(user=anna).delete()
    assert visitor.get(address).status_code == 410
    assert visitor.post(address, {"do": "acknowledge"}).status_code == 410
    assert story.alert.acknowledged_at is None
