"""Improvement actions: somebody answers for them, until a day, and they move on the board."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.models import Notice, Occurrence, Role, User, Workspace
from opsboard.core.versions import StaleVersion
from opsboard.work import services
from opsboard.work.models import Action

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]


def opened(
    workspace: Workspace, by: User, now: datetime, title: str = "Remove the second approval", **more: object
) -> Action:
    return services.open_action(workspace=workspace, by=by, now=now, title=title, **more)  # type: ignore[arg-type]


def at(name: str, action: Action | None = None) -> str:
    kwargs: dict[str, object] = {"workspace": "north-plant"}
    return reverse(f"work:{name}", kwargs=kwargs | ({"pk": action.pk} if action else {}))


def test_the_owner_is_told_once(workspace: Workspace, anna: User, wang: User, now: datetime) -> None:
    opened(workspace, anna, now, owner=wang)
    assert [notice.user for notice in Notice.objects.all()] == [wang]


def test_who_opens_an_action_for_oneself_is_not_told(workspace: Workspace, anna: User, now: datetime) -> None:
    opened(workspace, anna, now, owner=anna)
    assert not Notice.objects.exists()


def test_strangers_own_nothing_here(workspace: Workspace, anna: User, stranger: User, now: datetime) -> None:
    with pytest.raises(ValidationError, match="members"):
        opened(workspace, anna, now, owner=stranger)
    assert not Action.objects.exists()


def test_a_new_action_is_on_top_of_the_first_column(workspace: Workspace, anna: User, now: datetime) -> None:
    opened(workspace, anna, now, "first")
    opened(workspace, anna, now, "second")
    assert [row.title for row in Action.objects.as_on_the_board()] == ["second", "first"]


def test_an_action_moves_between_two_others(workspace: Workspace, anna: User, now: datetime) -> None:
    for title in ("c", "b", "a"):
        opened(workspace, anna, now, title)
    last = Action.objects.get(title="c")
    services.move_action(action=last, column="to_do", position=1, by=anna, now=now)
    assert [row.title for row in Action.objects.as_on_the_board()] == ["a", "c", "b"]


def test_moving_to_done_closes_and_moving_back_reopens(workspace: Workspace, anna: User, now: datetime) -> None:
    action = opened(workspace, anna, now)
    done = services.move_action(action=action, column="done", position=0, by=anna, now=now)
    assert done.closed_at == now
    again = services.move_action(action=done, column="doing", position=0, by=anna, now=now)
    assert again.closed_at is None
    keys = set(Occurrence.objects.values_list("key", flat=True))
    assert {"work.action_closed", "work.action_reopened"} <= keys


def test_a_stale_move_is_refused_and_changes_nothing(workspace: Workspace, anna: User, now: datetime) -> None:
    action = opened(workspace, anna, now)
    services.move_action(action=action, column="doing", position=0, by=anna, now=now, version=1)
    with pytest.raises(StaleVersion):
        services.move_action(action=action, column="done", position=0, by=anna, now=now, version=1)
    assert Action.objects.get().state == "doing"


def test_a_stale_change_shows_both_texts(workspace: Workspace, anna: User, now: datetime, sign_in: SignIn) -> None:
    action = opened(workspace, anna, now)
    services.change_action(action=action, version=1, by=anna, now=now, title="Theirs")
    answer = sign_in(anna).post(
        at("change_action", action), {"title": "Ours", "version": "1", "urgency": 2, "importance": 2}
    )
    assert answer.status_code == 409
    assert "Theirs" in answer.content.decode()
    assert "Ours" in answer.content.decode()
    assert Action.objects.get().title == "Theirs"


def test_a_due_date_before_the_start_is_refused_beside_its_field(anna: User, sign_in: SignIn) -> None:
    answer = sign_in(anna).post(
        at("open_action"),
        {"title": "x", "start_on": "2026-11-20", "due_on": "2026-11-10", "urgency": 2, "importance": 2},
    )
    assert answer.status_code == 422
    assert "The due date lies before the start." in answer.content.decode()
    assert not Action.objects.exists()


def test_overdue_actions_are_found_and_counted(workspace: Workspace, anna: User, now: datetime, editor: Viewer) -> None:
    opened(workspace, anna, now, due_on=date(2026, 11, 10))
    found = registry.find(editor, workspace.week_of(now))
    assert [one.key.partition(":")[0] for one in found] == ["work.overdue"]
    assert registry.read(editor, ["work.overdue"], now)[0].value == 1


def test_contributors_move_their_own_actions_only(
    workspace: Workspace, anna: User, connie: User, now: datetime, sign_in: SignIn
) -> None:
    mine, theirs = opened(workspace, connie, now, "mine"), opened(workspace, anna, now, "theirs")
    client = sign_in(connie)
    assert client.post(at("move_action", mine), {"column": "doing", "position": "0"}).status_code == 303
    assert client.post(at("move_action", theirs), {"column": "doing", "position": "0"}).status_code == 403


def test_viewers_look_only(workspace: Workspace, anna: User, victor: User, now: datetime, sign_in: SignIn) -> None:
    action = opened(workspace, anna, now)
    client = sign_in(victor)
    assert client.get(at("board")).status_code == 200
    assert client.post(at("close_action", action)).status_code == 403


@pytest.mark.parametrize("name", ["board", "action_list"])
def test_pages_ask_few_questions(
    name: str,
    workspace: Workspace,
    anna: User,
    now: datetime,
    sign_in: SignIn,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for number in range(12):
        opened(workspace, anna, now, f"Action {number}", owner=anna)
    client = sign_in(anna)
    client.get(at(name))
    with django_assert_max_num_queries(22):  # type: ignore[attr-defined]
        assert client.get(at(name)).status_code == 200


def test_the_list_is_exported_without_formulas(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    opened(workspace, anna, now, "=HYPERLINK(0)")
    answer = sign_in(anna).get(at("action_list") + "?export=csv")
    assert b"'=HYPERLINK" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_oldest_open_action_is_named_with_who_has_it(
    workspace: Workspace, anna: User, wang: User, now: datetime
) -> None:
    opened(workspace, anna, now - timedelta(days=9), "Old and dealt with")
    services.close_action(action=Action.objects.get(), by=anna, now=now - timedelta(days=1))
    opened(workspace, anna, now - timedelta(days=5), "Buy scales", owner=wang)
    opened(workspace, anna, now - timedelta(days=2), "Count pegs")
    viewer = Viewer(workspace, anna, Role.EDITOR)
    found = {tuple(one.labels.items()): one for one in registry.read(viewer, ["work.oldest_open"], now)}
    assert {name: one.value for name, one in found.items()} == {
        (): 5.0, (("column", "To do"),): 5.0, (("owner", "Wang"),): 5.0, (("team", "Warehouse"),): 5.0,
    }  # fmt: skip
    assert str(found[()].detail) == "Buy scales, open since 2026-11-13, Wang"
    assert found[()].about is not None
    assert found[()].about.name == "Buy scales"
    services.close_action(action=Action.objects.get(title="Buy scales"), by=anna, now=now)
    after = registry.read(viewer, ["work.oldest_open"], now + timedelta(minutes=1))[0]
    assert after.detail == "Count pegs, open since 2026-11-16, nobody owns it"
