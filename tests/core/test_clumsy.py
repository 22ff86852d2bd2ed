"""Impatient clicks, and sessions that end while somebody types."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from metrics.services import create_metric
from opsboard.core.idempotency import OnceMiddleware
from opsboard.core.models import ApiToken, Team, User, Workspace
from opsboard.core.services import people
from opsboard.reports.services import open_report
from opsboard.work.models import Action, Comment

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
ACTIONS = "/north-plant/work/actions/"


def fill(client: Client, page: str, **values: str) -> dict[str, str]:
    """The page's form as a browser would send it: with its own token."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(page).content.decode())
    assert token is not None
    return {**values, "csrfmiddlewaretoken": token[1]}


def send(client: Client, to: str, form: dict[str, str], **headers: str) -> Any:
    return client.post(
        to,
        "&".join(f"{name}={value}" for name, value in form.items()),
        "application/x-www-form-urlencoded",
        headers=headers,
    )


@pytest.fixture
def editing(workspace: Workspace, anna: User, sign_in: SignIn) -> Client:
    return sign_in(anna)


# --- twice ------------------------------------------------------------------------------------------------------------


def test_a_form_sent_twice_is_done_once(editing: Client) -> None:
    form = fill(editing, f"{ACTIONS}new/", title="Once", urgency="2", importance="2")
    first, second = send(editing, f"{ACTIONS}new/", form), send(editing, f"{ACTIONS}new/", form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert "messages" in second.cookies
    assert Action.objects.count() == 1


def test_the_form_of_a_page_that_was_read_again_is_another_wish(editing: Client) -> None:
    for _time in range(2):
        send(editing, f"{ACTIONS}new/", fill(editing, f"{ACTIONS}new/", title="Twice", urgency="2", importance="2"))
    assert Action.objects.count() == 2


def test_there_and_back_and_there_again_are_three_wishes(editing: Client, anna: User) -> None:
    form = fill(editing, "/north-plant/")
    for theme in ("dark", "light", "dark"):
        send(editing, "/me/theme/", {**form, "theme": theme})
        anna.refresh_from_db()
        assert anna.theme == theme


def test_a_form_that_was_refused_is_read_again(editing: Client, anna: User) -> None:
    form = fill(editing, f"{ACTIONS}new/", title="Later", urgency="2", importance="2", owner="999")
    assert send(editing, f"{ACTIONS}new/", form).status_code == 422
    User.objects.filter(pk=anna.pk).update(name="Anna B")
    answer = send(editing, f"{ACTIONS}new/", form)
    assert answer.status_code == 422
    assert "Anna B" in answer.content.decode()


def test_what_is_shown_once_is_kept_as_a_cipher(editing: Client) -> None:
    form = fill(editing, "/north-plant/tokens/new/", name="Till", role="10", days="30")
    first, second = (send(editing, "/north-plant/tokens/new/", form).content.decode() for _time in range(2))
    secret = re.search(r"ops_[\w-]+", first)
    assert secret is not None
    assert secret[0] in second
    assert ApiToken.objects.count() == 1
    connection: Any = cache
    held = connection._cache.get_client().scan_iter("*once:*")
    assert not any(secret[0].encode() in (connection._cache.get_client().get(key) or b"") for key in held)


def test_two_clicks_at_the_same_time_are_one() -> None:
    done: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow(_request: HttpRequest) -> HttpResponse:
        done.append(1)
        begun.set()
        go_on.wait(10)
        return HttpResponse("the answer", headers={"X-Mark": "1"})

    def click() -> None:
        request: Any = RequestFactory().post("/x/", {"csrfmiddlewaretoken": "t"}, "application/x-www-form-urlencoded")
        request._body = b"csrfmiddlewaretoken=t"
        request.session, request.user = type("S", (), {"session_key": "s"}), type("U", (), {"is_authenticated": True})
        answers.append(OnceMiddleware(slow)(request))

    answers: list[HttpResponse] = []
    clicks = [threading.Thread(target=click) for _time in range(2)]
    clicks[0].start()
    assert begun.wait(10)
    clicks[1].start()
    clicks[1].join(0.3)
    assert clicks[1].is_alive()
    go_on.set()
    for one in clicks:
        one.join(10)
    assert done == [1]
    assert [(one.content, one["X-Mark"]) for one in answers] == [(b"the answer", "1")] * 2


def test_who_makes_the_same_at_the_same_moment_is_told(
    workspace: Workspace, adam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Team.full_clean

    def beaten(team: Team, *args: Any, **more: Any) -> None:
        checked(team, *args, **more)
        if not Team.objects.exists():
            Team.objects.bulk_create([Team(workspace=workspace, name="Night shift")])

    monkeypatch.setattr(Team, "full_clean", beaten)
    with pytest.raises(ValidationError):
        people.save_team(workspace=workspace, name="Night shift", lead=None, members=[])


# --- signed out meanwhile -----------------------------------------------------------------------------------------------


@pytest.fixture
def action(workspace: Workspace, anna: User, now: Any) -> Action:
    return Action.objects.create(workspace=workspace, title="Label the shelves", opened_by=anna, opened_at=now)


def test_a_form_of_somebody_signed_out_leads_to_the_page_it_stood_on(action: Action) -> None:
    page = f"{ACTIONS}{action.pk}/"
    answer = Client().post(f"{page}comments/", {"text": "x"}, headers={"Referer": f"http://testserver{page}?a=1"})
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/accounts/login/?next={page.replace('/', '%2F')}%3Fa%3D1",
    )
    assert not Comment.objects.exists()


@pytest.mark.parametrize("seen", ["", "http://evil.example/x/", "//evil.example/", "http://[bad/"])
def test_no_foreign_page_is_the_way_back(action: Action, seen: str) -> None:
    answer = Client().post(f"{ACTIONS}{action.pk}/comments/", {"text": "x"}, headers={"Referer": seen})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")


def test_a_fragment_never_becomes_the_sign_in_page(action: Action) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/north-plant/work/"}
    for answer in (
        Client().get("/north-plant/work/", headers=headers), Client().post(f"{ACTIONS}{action.pk}/close/", headers=headers)
    ):  # fmt: skip
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fnorth-plant%2Fwork%2F"


def test_a_card_that_is_moved_by_somebody_signed_out_says_so(action: Action) -> None:
    answer = Client().post(f"{ACTIONS}{action.pk}/move/", {"column": "done"}, headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert "Sign in" in answer.json()["detail"]


def test_a_page_is_shown_after_the_sign_in(action: Action) -> None:
    answer = Client().get(f"{ACTIONS}{action.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={ACTIONS}{action.pk}/")


# --- what a team leaves behind ------------------------------------------------------------------------------------------


def as_shown(client: Client, page: str) -> dict[str, Any]:
    """The page's form as it stands, ready to be saved without a change."""
    form = client.get(page).context["form"]
    return {
        name: value
        for name, field in form.fields.items()
        if (value := form.get_initial_for_field(field, name)) not in (None, False)
    }


def test_saving_a_form_does_not_open_what_a_gone_team_kept_closed(
    workspace: Workspace, adam: User, anna: User, now: Any, sign_in: SignIn
) -> None:
    team = Team.objects.create(workspace=workspace, name="Payroll")
    gone = team.pk
    Team.objects.create(workspace=workspace, name="Warehouse")
    metric = create_metric(workspace=workspace, by=None, now=now, name="Salaries", limited_to=[gone])
    report = open_report(workspace=workspace, by=adam, now=now, title="Salaries", team=gone)
    people.limit_apps(workspace=workspace, limits={"work": [gone]})
    people.delete_team(team=team)
    client = sign_in(adam)
    for page in (f"metrics/{metric.pk}/edit/", f"reports/{report.pk}/change/", "settings/apps/"):
        sent = as_shown(client, f"/north-plant/{page}")
        more = {"version": metric.version} if page.startswith("metrics") else {}
        assert client.post(f"/north-plant/{page}", {**sent, **more}).status_code == 303, page
        assert "A team that is gone" in client.get(f"/north-plant/{page}").content.decode()
    metric.refresh_from_db()
    report.refresh_from_db()
    workspace.refresh_from_db()
    assert (metric.limited_to, report.limited_to, workspace.app_limits["work"]) == ([gone], [gone], [gone])
