"""What people see and do on the pages of the work, and what programs may ask."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from opsboard.core import access, effects, events, registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Contract, Event, Fact, Indicator, Reading, Ref, Watchable
from opsboard.core.models import ApiToken, Job, Occurrence, Role, Team, User, Workspace
from opsboard.core.services.tokens import hash_secret
from opsboard.work import services
from opsboard.work.contract import tell_week
from opsboard.work.forms import ActionForm
from opsboard.work.models import Action
from tests.work.test_actions import SignIn, at, opened

pytestmark = pytest.mark.django_db
TYPED = {"title": "Merge the forms", "urgency": "2", "importance": "3"}
API = "/api/v1/north-plant/actions"


@pytest.fixture
def number(monkeypatch: pytest.MonkeyPatch) -> dict[str, float | None]:
    """One number, “Late parcels”, whose value a test sets; and a kind of event that speaks of it."""
    values: dict[str, float | None] = {"late": 12.0}

    def catalogue(viewer: Viewer) -> list[Watchable]:
        return [Watchable("metrics.value:late", "Late parcels", unit="min")]

    def read(viewer: Viewer, keys: Any, now: datetime) -> list[Reading]:
        return [Reading("metrics.value:late", {}, now, values["late"])]

    told = Event("metrics.value_fell", "A value fell", (Fact("indicator", "Number"),))
    contract = Contract("Numbers", indicators=(Indicator("metrics.value", "Numbers", catalogue, read),), events=(told,))
    monkeypatch.setitem(registry.contracts(), "metrics", contract)
    return values


def test_an_action_remembers_its_number_before_and_after(
    number: dict[str, float | None], workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    action = opened(workspace, anna, now, indicator="metrics.value:late", goal=5.0)
    number["late"] = 7.0
    services.close_action(action=action, by=anna, now=now, note="Moved the pick-up.")
    closed = Occurrence.objects.get(key="work.action_closed")
    assert {name: closed.facts[name] for name in ("baseline", "value", "goal", "note")} == {
        "baseline": 12.0, "value": 7.0, "goal": 5.0, "note": "Moved the pick-up.",
    }  # fmt: skip
    number["late"] = 8.5
    page = sign_in(anna).get(at("action", action)).text
    assert all(f"{value} min" in page for value in ("12", "7", "8.5", "5"))
    assert "is not proven by it" in page


def test_a_number_without_one_value_is_no_baseline(
    number: dict[str, float | None], workspace: Workspace, anna: User, now: datetime
) -> None:
    number["late"] = None
    action = opened(workspace, anna, now, indicator="metrics.value:late")
    assert (action.baseline, action.baseline_at) == (None, None)


def test_an_unknown_number_is_refused_beside_its_field(workspace: Workspace, anna: User, now: datetime) -> None:
    with pytest.raises(ValidationError) as refusal:
        opened(workspace, anna, now, indicator="costs.secret:3")
    assert list(refusal.value.message_dict) == ["indicator"]


def test_who_may_not_enter_the_numbers_app_reads_no_value_of_it(
    number: dict[str, float | None], workspace: Workspace, anna: User, connie: User, now: datetime, sign_in: SignIn
) -> None:
    action = opened(workspace, anna, now, indicator="metrics.value:late")
    team = Team.objects.create(workspace=workspace, name="Controlling")
    team.members.add(anna)
    workspace.app_limits = {"metrics": [team.pk]}
    workspace.save()
    assert "12 min" in sign_in(anna).get(at("action", action)).text
    assert "Late parcels" not in sign_in(connie).get(at("action", action)).text


def test_an_action_about_what_an_event_spoke_of_aims_at_its_number(
    number: dict[str, float | None], workspace: Workspace, anna: User, editor: Viewer, now: datetime
) -> None:
    about = Ref.to(opened(workspace, anna, now, "stands for an alert"))
    events.emit("metrics.value_fell", workspace=workspace, at=now, about=about, indicator="metrics.value:late")
    form = ActionForm(viewer=editor, about=about)
    assert (form.initial["title"], form.initial["indicator"]) == ("stands for an alert", "metrics.value:late")


def test_an_action_about_something_limited_is_limited_too(
    workspace: Workspace, anna: User, connie: User, now: datetime
) -> None:
    team = Team.objects.create(workspace=workspace, name="Salaries")
    team.members.add(anna)
    secret = opened(workspace, anna, now, "Salaries of the night shift")
    Action.objects.filter(pk=secret.pk).update(limited_to=[team.pk])
    opened(workspace, anna, now, "About it", about=Ref.to(secret))
    viewer = access.person_in(workspace, connie)
    assert viewer is not None
    assert not Action.objects.visible_to(viewer).exists()


def test_a_past_due_date_is_allowed_and_said(anna: User, sign_in: SignIn) -> None:
    answer = sign_in(anna).post(at("open_action"), {**TYPED, "due_on": "2020-01-01"}, follow=True)
    assert "already past" in answer.text
    assert Action.objects.get().due_on == date(2020, 1, 1)


def test_a_goal_without_a_number_is_refused_beside_its_field(anna: User, sign_in: SignIn) -> None:
    answer = sign_in(anna).post(at("open_action"), {**TYPED, "goal": "5"})
    assert answer.status_code == 422
    assert "Choose the target number that this goal is for." in answer.text


def test_the_effect_opens_an_action_about_an_object(workspace: Workspace, anna: User, now: datetime) -> None:
    about = Ref.to(opened(workspace, anna, now, "The cause"))
    outcome = effects.perform(
        "work.open_action",
        workspace=workspace,
        by=anna,
        about=about,
        now=now,
        title="The cure",
        due_on=date(2026, 11, 1),
    )
    action = Action.objects.get(title="The cure")
    assert outcome.about == Ref.to(action)
    assert "already past" in str(outcome.message)
    assert list(Action.objects.on_object("work.action", about.pk)) == [action]


def test_what_was_changed_is_told_by_name(
    workspace: Workspace, anna: User, wang: User, now: datetime, sign_in: SignIn
) -> None:
    action = opened(workspace, anna, now)
    services.change_action(
        action=action, version=1, by=anna, now=now, owner=wang, due_on=date(2026, 12, 1), helpers=[anna]
    )
    assert "Changed: Owner, Due date, Helpers" in sign_in(anna).get(at("action", action)).text


def test_a_place_counts_among_the_cards_that_the_mover_saw(
    workspace: Workspace, anna: User, wang: User, now: datetime, sign_in: SignIn
) -> None:
    for title, owner in (("mine last", anna), ("theirs", wang), ("mine first", anna), ("moving", anna)):
        opened(workspace, anna, now, title, owner=owner)
    moving = Action.objects.get(title="moving")
    sign_in(anna).post(at("move_action", moving) + "?who=me", {"column": "to_do", "position": "1", "version": "1"})
    titles = [row.title for row in Action.objects.filter(owner=anna).as_on_the_board()]
    assert titles == ["mine first", "moving", "mine last"]


def test_cards_find_room_however_often_they_are_squeezed_in(workspace: Workspace, anna: User, now: datetime) -> None:
    for title in ("c", "b", "a"):
        opened(workspace, anna, now, title)
    for turn in range(80):
        last = Action.objects.as_on_the_board()[2]
        services.move_action(action=last, column="to_do", position=1, by=anna, now=now)
        assert Action.objects.as_on_the_board()[1] == last, turn


def test_the_board_shows_the_newest_of_done_and_says_how_many_more(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    for number in range(33):
        action = opened(workspace, anna, now, f"Action {number}")
        services.move_action(action=action, column="done", position=0, by=anna, now=now + timedelta(minutes=number))
    page = sign_in(anna).get(at("board")).text
    assert "Action 32" in page
    assert "and 3 more in the list" in page


def test_a_stale_card_gets_409_in_words(workspace: Workspace, anna: User, now: datetime, sign_in: SignIn) -> None:
    action = opened(workspace, anna, now)
    services.move_action(action=action, column="doing", position=0, by=anna, now=now)
    answer = sign_in(anna).post(
        at("move_action", action),
        {"column": "done", "position": "0", "version": "1"},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 409
    assert "meanwhile" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "status"), [({"column": "nowhere"}, 422), ({"column": "doing", "position": "9" * 30}, 200)]
)
def test_a_strange_move_is_answered_in_words_or_bounded(
    asked: dict[str, str], status: int, workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    action = opened(workspace, anna, now)
    answer = sign_in(anna).post(at("move_action", action), asked, headers={"accept": "application/json"})
    assert answer.status_code == status


def test_an_empty_comment_is_refused_beside_its_field(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    action = opened(workspace, anna, now)
    answer = sign_in(anna).post(at("comment_on", action), {"text": "  "})
    assert answer.status_code == 422
    assert "Write something first." in answer.text


def test_what_is_due_later_this_week_is_not_overdue_yet(workspace: Workspace, anna: User, editor: Viewer) -> None:
    today = timezone.localdate(timezone.now(), workspace.zone)
    opened(workspace, anna, timezone.now(), due_on=today)
    assert registry.find(editor, workspace.week_of(timezone.now())) == []


def test_a_week_tells_what_was_open_at_its_end(workspace: Workspace, anna: User, editor: Viewer, now: datetime) -> None:
    action = opened(workspace, anna, now)
    services.close_action(action=action, by=anna, now=now + timedelta(days=7))
    this, following = workspace.week_of(now), workspace.week_of(now + timedelta(days=7))
    first, second = tell_week(editor, this), tell_week(editor, following)
    assert first is not None
    assert second is not None
    assert (first["opened"], first["closed_count"], first["open_count"]) == (1, 0, 1)
    assert (second["opened"], second["closed_count"], second["open_count"]) == (0, 1, 0)
    assert tell_week(editor, workspace.week_of(now - timedelta(days=7))) is None


def test_the_margin_shows_an_objects_actions_and_opens_one(
    workspace: Workspace, anna: User, victor: User, now: datetime, sign_in: SignIn
) -> None:
    job = Job.objects.create(workspace=workspace, title="Import of May", task="nothing", created_at=now)
    opened(workspace, anna, now, "Ask for a better file", about=Ref.to(job))
    beside = f"{at('margin')}?about_model=core.job&about_id={job.pk}"
    assert "Ask for a better file" in sign_in(anna).get(beside).text
    assert "/do/work.open_action/" in sign_in(anna).get(beside).text
    assert "/do/work.open_action/" not in sign_in(victor).get(beside).text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?about_model=nothing.here&about_id=1",
        "?about_model=core.job&about_id=x",
        "?about_model=core.job&about_id=9",
    ],
)
def test_the_margin_of_nothing_is_empty(query: str, anna: User, sign_in: SignIn) -> None:
    assert sign_in(anna).get(at("margin") + query).text == ""


def test_the_actions_page_asks_few_questions(
    workspace: Workspace,
    anna: User,
    wang: User,
    now: datetime,
    sign_in: SignIn,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    action = opened(workspace, anna, now, owner=wang, helpers=[anna])
    for number in range(10):
        services.comment_on(action=action, text=f"word {number}", by=anna, now=now)
    client = sign_in(anna)
    client.get(at("action", action))
    with django_assert_max_num_queries(22):
        assert client.get(at("action", action)).status_code == 200


# --- programs --------------------------------------------------------------------------------------------------------


def program(workspace: Workspace, owner: User, role: Role, now: datetime) -> dict[str, str]:
    ApiToken.objects.create(
        workspace=workspace, owner=owner, name="test", token_hash=hash_secret("secret"), role=role, created_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return {"authorization": "Bearer secret"}


def test_a_program_opens_and_lists_actions(workspace: Workspace, anna: User, wang: User, now: datetime) -> None:
    headers, client = program(workspace, anna, Role.CONTRIBUTOR, now), Client()
    body = {
        "title": "From outside",
        "owner": "wang@north.example",
        "helpers": ["anna@north.example"],
        "due_on": "2026-12-01",
        "urgency": 3,
    }
    made = client.post(API, json.dumps(body), content_type="application/json", headers=headers)
    assert made.status_code == 201, made.text
    listed = client.get(API + "?state=to_do&owner=wang@north.example&limit=1", headers=headers).json()
    assert [one["title"] for one in listed["items"]] == ["From outside"]
    assert listed["items"][0] | {"urgency": 3, "helpers": ["anna@north.example"]} == listed["items"][0]
    assert listed["next"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "owner": "stranger@north.example"}, "owner"),
        ({"title": "x", "urgency": 9}, "urgency"),
        ({"title": "x", "indicator": "no.such:thing"}, "indicator"),
        ({"title": "x", "about": {"model": "core.user", "id": 1}}, "about"),
        ({"title": "x", "start_on": "2026-12-02", "due_on": "2026-12-01"}, "due_on"),
    ],
)
def test_what_a_program_sends_wrong_is_named_by_field(
    body: dict[str, Any], field: str, workspace: Workspace, anna: User, stranger: User, now: datetime
) -> None:
    headers = program(workspace, anna, Role.EDITOR, now)
    answer = Client().post(API, json.dumps(body), content_type="application/json", headers=headers)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert not Action.objects.exists()


def test_a_made_up_cursor_or_state_is_refused(workspace: Workspace, anna: User, now: datetime) -> None:
    headers = program(workspace, anna, Role.VIEWER, now)
    assert Client().get(API + "?cursor=abc", headers=headers).status_code == 422
    assert Client().get(API + "?state=lost", headers=headers).status_code == 422
    assert Client().post(API, "{}", content_type="application/json", headers=headers).status_code == 403


def test_the_board_lives_at_its_address() -> None:
    assert reverse("work:board", kwargs={"workspace": "north-plant"}) == "/north-plant/work/"


def test_a_rate_is_written_as_per_cent() -> None:
    assert Action(rate=True).written(0.0182) == "1.8%"
    assert Action(rate=True, decimals=4).written(0.0182) == "1.82%"
    assert Action(unit="h", decimals=1).written(2.48) == "2.5 h"
