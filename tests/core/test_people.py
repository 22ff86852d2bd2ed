"""Invitations, members, teams, settings: who may come in, and who decides it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from opsboard.core.access import person_in
from opsboard.core.models import (
    ApiToken,
    Delivery,
    Invitation,
    Membership,
    Notice,
    Role,
    Team,
    User,
    Workspace,
    arrival_of,
)
from opsboard.core.services import invitations, people, tokens
from tests.conftest import PASSWORD, person

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]

ADMIN_PAGES = [
    "settings/",
    "settings/calendar/",
    "settings/apps/",
    "members/",
    "invitations/",
    "invitations/new/",
    "teams/new/",
    "audit/",
]


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_pages_of_admins_open_for_admins_only(
    path: str, workspace: Workspace, adam: User, anna: User, connie: User, victor: User, stranger: User, sign_in: SignIn
) -> None:
    address = f"/north-plant/{path}"
    assert sign_in(adam).get(address).status_code == 200
    for member in (anna, connie, victor):
        assert sign_in(member).get(address).status_code == 403
    assert sign_in(stranger).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_everybody_sees_the_teams(wang: User, victor: User, sign_in: SignIn) -> None:
    assert "Warehouse" in sign_in(victor).get("/north-plant/teams/").content.decode()


# --- invitations ------------------------------------------------------------------------------------------------------


def link_in(html: str) -> str:
    found = re.search(r"/join/[\w-]+/", html)
    assert found
    return found.group()


def test_an_invitation_by_mail_brings_somebody_in_once(workspace: Workspace, adam: User, sign_in: SignIn) -> None:
    answer = sign_in(adam).post(
        "/north-plant/invitations/new/", {"email": "Mei@North.example", "role": "30", "days": "14"}
    )
    link = link_in(answer.content.decode())
    letter = Delivery.objects.get(recipient="mei@north.example")
    assert link in letter.body
    assert "<svg" in answer.content.decode()

    guest = Client()
    assert "You will sign in with" in guest.get(link).content.decode()
    answer = guest.post(link, {"name": "Mei Lin", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"] == "/north-plant/"
    mei = User.objects.get(email="mei@north.example")
    assert Membership.objects.get(user=mei).role == Role.EDITOR
    assert guest.get("/north-plant/notices/").status_code == 200
    assert Notice.objects.get(user=adam).text == "Mei Lin joined North Plant"

    other = Client()
    assert other.get(link).status_code == 404
    assert other.post(link, {"name": "Eve", "password": PASSWORD}).status_code == 404


def test_staff_without_e_mail_join_with_a_user_name(workspace: Workspace, adam: User, now: datetime) -> None:
    team = people.save_team(workspace=workspace, name="Packing", lead=None, members=[])
    _invitation, link = invitations.invite(
        workspace=workspace, by=adam, role=Role.CONTRIBUTOR, team=team, now=timezone.now()
    )
    guest = Client()
    answer = guest.post(
        link.removeprefix("http://localhost:8000"),
        {"name": "老李", "username": "laoli", "email": "", "password": PASSWORD},
    )
    assert answer.status_code == 302
    laoli = User.objects.get(username="laoli")
    assert laoli.email is None
    assert list(team.members.all()) == [laoli]
    signed_out = Client()
    answer = signed_out.post("/accounts/login/", {"login": "LaoLi", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"username": "no spaces please"}, "Letters, digits"),
        ({"username": "ANNA@north.example"}, "taken"),
        ({"email": "anna@north.example"}, "is here already"),
        ({"password": "12345"}, "too short"),
        ({"name": ""}, "required"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said(
    typed: dict[str, str], sentence: str, workspace: Workspace, adam: User, anna: User
) -> None:
    _invitation, link = invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, now=timezone.now())
    form = {"name": "Li", "username": "li", "email": "", "password": PASSWORD, **typed}
    answer = Client().post(link.removeprefix("http://localhost:8000"), form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not User.objects.filter(username="li").exists()


def test_somebody_with_an_account_joins_with_it(
    workspace: Workspace, adam: User, stranger: User, sign_in: SignIn
) -> None:
    _invitation, link = invitations.invite(
        workspace=workspace, by=adam, role=Role.VIEWER, email=stranger.email or "", now=timezone.now()
    )
    path = link.removeprefix("http://localhost:8000")
    page = Client().get(path).content.decode()
    assert "Sign in with it to join" in page
    assert Client().post(path, {"name": "x", "password": PASSWORD}).status_code == 422
    assert sign_in(stranger).post(path).status_code == 303
    assert Membership.objects.get(workspace=workspace, user=stranger).role == Role.VIEWER


def test_who_has_chosen_no_time_zone_lives_by_the_clock_of_the_first_workspace(
    workspace: Workspace, other_workspace: Workspace
) -> None:
    new, settled = (
        User.objects.create_user(name, timezone=zone) for name, zone in (("new", "UTC"), ("settled", "Asia/Tokyo"))
    )
    for user in (new, settled):
        for place in (workspace, other_workspace):
            people.add_member(workspace=place, user=user, role=Role.VIEWER)
        user.refresh_from_db()
    assert (new.timezone, settled.timezone) == ("Asia/Shanghai", "Asia/Tokyo")


def test_an_invitation_never_lowers_a_role(workspace: Workspace, adam: User, anna: User, now: datetime) -> None:
    invitation, _link = invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, now=now)
    assert invitations.accept_invitation(invitation=invitation, user=anna, now=now).role == Role.EDITOR


def test_old_withdrawn_and_replaced_links_do_nothing(workspace: Workspace, adam: User, now: datetime) -> None:
    first, link = invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, email="li@x.example", now=now)
    secret = link.rstrip("/").rpartition("/")[2]
    assert invitations.open_invitation(secret, now=now) == first
    assert invitations.open_invitation(secret, now=now + timedelta(days=15)) is None
    second, _link = invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, email="li@x.example", now=now)
    assert invitations.open_invitation(secret, now=now) is None
    newer = invitations.renew_invitation(invitation=second, now=now).rstrip("/").rpartition("/")[2]
    invitations.withdraw_invitation(invitation=second, now=now)
    assert invitations.open_invitation(newer, now=now) is None
    with pytest.raises(ValidationError):
        invitations.accept_invitation(invitation=second, user=adam, now=now)


def test_the_secret_of_an_invitation_is_not_stored(workspace: Workspace, adam: User, now: datetime) -> None:
    invitation, link = invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, now=now)
    secret = link.rstrip("/").rpartition("/")[2]
    assert secret not in str(Invitation.objects.filter(pk=invitation.pk).values().get())


# --- members ----------------------------------------------------------------------------------------------------------


def test_the_last_admin_stays_admin(workspace: Workspace, adam: User, anna: User, sign_in: SignIn) -> None:
    mine = Membership.objects.get(user=adam)
    client = sign_in(adam)
    answer = client.post(f"/north-plant/members/{mine.pk}/role/", {"role": "10"})
    assert answer.status_code == 422
    assert "last admin" in answer.content.decode()
    answer = client.post(f"/north-plant/members/{mine.pk}/remove/")
    assert answer.status_code == 422
    assert "can&#x27;t be removed" in answer.content.decode()
    assert Membership.objects.get(user=adam).role == Role.ADMIN

    people.change_role(membership=Membership.objects.get(user=anna), role=Role.ADMIN)
    assert client.post(f"/north-plant/members/{mine.pk}/role/", {"role": "10"}).status_code == 303
    assert client.get("/north-plant/members/").status_code == 403


def test_whoever_is_removed_is_out_at_once(workspace: Workspace, adam: User, wang: User, sign_in: SignIn) -> None:
    tokens.issue_token(workspace=workspace, owner=wang, role=Role.VIEWER, name="x", now=timezone.now())
    team = Team.objects.get()
    theirs = sign_in(wang)
    assert theirs.get("/north-plant/notices/").status_code == 200
    row = Membership.objects.get(user=wang)
    assert sign_in(adam).post(f"/north-plant/members/{row.pk}/remove/").status_code == 303
    assert theirs.get("/north-plant/notices/").status_code == 404
    team.refresh_from_db()
    assert team.lead is None
    assert not team.members.exists()
    assert ApiToken.objects.get().revoked_at is not None


def test_members_of_another_workspace_cannot_be_touched(
    workspace: Workspace, other_workspace: Workspace, adam: User, stranger: User, sign_in: SignIn
) -> None:
    row = Membership.objects.get(user=stranger)
    client = sign_in(adam)
    for deed in ("role", "remove", "reset", "second-step"):
        assert client.post(f"/north-plant/members/{row.pk}/{deed}/", {"role": "10"}).status_code == 404
    assert Membership.objects.get(user=stranger).role == Role.ADMIN


def test_the_list_is_filtered_and_exported(adam: User, anna: User, wang: User, sign_in: SignIn) -> None:
    client = sign_in(adam)
    shown = client.get("/north-plant/members/?role=40").content.decode()
    assert "Adam" in shown
    assert "Anna" not in shown
    answer = client.get("/north-plant/members/?export=csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "Wang" in text
    assert "Warehouse" in text


def test_a_hundred_members_need_no_more_queries_than_three(
    workspace: Workspace, adam: User, sign_in: SignIn, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(40):
        Membership.objects.create(workspace=workspace, user=person(f"P{number}"))
    client = sign_in(adam)
    client.get("/north-plant/members/")
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        assert client.get("/north-plant/members/").status_code == 200


def test_an_admin_hands_over_a_link_to_a_new_password(
    workspace: Workspace, adam: User, victor: User, sign_in: SignIn
) -> None:
    row = Membership.objects.get(user=victor)
    html = sign_in(adam).post(f"/north-plant/members/{row.pk}/reset/").content.decode()
    found = re.search(r"/accounts/password/reset/key/[\w-]+/", html)
    assert found
    guest = Client()
    form = guest.get(found.group(), follow=True)
    fresh = "a quite different staple"
    answer = guest.post(form.request["PATH_INFO"], {"password1": fresh, "password2": fresh})
    assert answer.status_code == 302
    assert Client().post("/accounts/login/", {"login": victor.username, "password": fresh}).status_code == 302
    assert "/accounts/password/reset/key/done/" not in Client().get(found.group(), follow=True).request["PATH_INFO"]


def test_an_admin_cannot_reach_another_workspace_through_a_reset_link(
    workspace: Workspace, other_workspace: Workspace, adam: User, stranger: User, sign_in: SignIn
) -> None:
    Membership.objects.create(workspace=workspace, user=stranger)
    row = Membership.objects.get(workspace=workspace, user=stranger)
    answer = sign_in(adam).post(f"/north-plant/members/{row.pk}/reset/")
    assert answer.status_code == 422
    assert "/password/reset/key/" not in answer.content.decode()


# --- teams, settings, workspaces --------------------------------------------------------------------------------------


def test_a_team_is_made_changed_and_deleted(adam: User, anna: User, victor: User, sign_in: SignIn) -> None:
    client = sign_in(adam)
    client.post("/north-plant/teams/new/", {"name": "Line 1", "lead": anna.pk, "members": [victor.pk]})
    team = Team.objects.get()
    assert set(team.members.all()) == {anna, victor}
    client.post(f"/north-plant/teams/{team.pk}/", {"name": "Line one", "lead": "", "members": [victor.pk]})
    team.refresh_from_db()
    assert (team.name, team.lead) == ("Line one", None)
    answer = client.post("/north-plant/teams/new/", {"name": "LINE ONE"})
    assert answer.status_code == 422
    assert "There is a team of this name already" in answer.content.decode()
    client.post(f"/north-plant/teams/{team.pk}/delete/")
    assert not Team.objects.exists()


def test_strangers_cannot_be_put_into_a_team(adam: User, stranger: User, sign_in: SignIn) -> None:
    answer = sign_in(adam).post("/north-plant/teams/new/", {"name": "Line 1", "members": [stranger.pk]})
    assert answer.status_code == 422
    assert not Team.objects.exists()


def test_settings_of_the_workspace_change(workspace: Workspace, adam: User, sign_in: SignIn) -> None:
    form = {"name": "北厂", "language": "zh-hans", "timezone": "Asia/Tokyo", "currency": "JPY", "week_start": "sunday"}
    assert sign_in(adam).post("/north-plant/settings/", form).status_code == 303
    workspace.refresh_from_db()
    assert (workspace.name, workspace.slug, workspace.timezone) == ("北厂", "north-plant", "Asia/Tokyo")
    answer = sign_in(adam).post("/north-plant/settings/", {**form, "timezone": "Asia/Atlantis"})
    assert answer.status_code == 422


def test_another_workspace_is_made_by_an_admin_only(adam: User, anna: User, sign_in: SignIn) -> None:
    form = {"name": "New", "slug": "", "language": "en", "timezone": "UTC", "currency": "EUR", "week_start": "monday"}
    assert sign_in(anna).get("/new/").status_code == 403
    assert sign_in(anna).post("/new/", form).status_code == 403
    answer = sign_in(adam).post("/new/", form)
    assert answer.status_code == 303
    made = Workspace.objects.get(name="New")
    assert made.slug == "new-2"  # /new/ is an address of the house
    assert Membership.objects.get(workspace=made).user == adam
    answer = sign_in(adam).post("/new/", {**form, "slug": "accounts"})
    assert "needed by Opsboard itself" in answer.content.decode()


def test_a_person_without_a_workspace_is_told_what_to_do(
    workspace: Workspace, adam: User, sign_in: SignIn, now: datetime
) -> None:
    lone = person("Lone")
    assert "Ask an admin" in sign_in(lone).get("/").content.decode()
    invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, email=lone.email or "", now=timezone.now())
    assert "North Plant" in sign_in(lone).get("/").content.decode()


# --- my own settings --------------------------------------------------------------------------------------------------


def test_people_choose_their_own_language_zone_and_theme(victor: User, sign_in: SignIn) -> None:
    client = sign_in(victor)
    form = {"name": "Victor H", "language": "zh-hans", "timezone": "Europe/Paris", "theme": "dark"}
    assert client.post("/me/", form).status_code == 303
    victor.refresh_from_db()
    assert (victor.name, victor.language, victor.theme, victor.mail_notices) == ("Victor H", "zh-hans", "dark", False)
    client.post("/me/theme/", {"theme": "light", "next": "/north-plant/notices/"})
    answer = client.post("/me/language/", {"language": "en", "next": "//evil.example/"})
    assert answer["Location"] == "/"
    client.post("/me/language/", {"language": "tlh"})
    victor.refresh_from_db()
    assert (victor.language, victor.theme) == ("en", "light")


def test_a_session_elsewhere_is_signed_out(victor: User) -> None:
    here, there = Client(), Client()
    for device in (here, there):
        device.post("/accounts/login/", {"login": victor.email, "password": PASSWORD})
        assert device.get("/north-plant/notices/").status_code == 200
    listed = here.get("/me/sessions/").content.decode()
    assert listed.count("/end/") == 2  # the other one, and all others
    here.post("/me/sessions/others/end/")
    assert there.get("/north-plant/notices/").status_code == 302
    assert here.get("/north-plant/notices/").status_code == 200


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_does_no_more_than_its_owner(
    workspace: Workspace, anna: User, victor: User, sign_in: SignIn
) -> None:
    client = sign_in(anna)
    assert sign_in(victor).get("/north-plant/tokens/").status_code == 403
    assert client.post("/north-plant/tokens/new/", {"name": "x", "role": "40", "days": "30"}).status_code == 422
    html = client.post("/north-plant/tokens/new/", {"name": "Import", "role": "20", "days": "30"}).content.decode()
    found = re.search(r"ops_[\w-]{40,}", html)
    assert found
    assert found.group() not in client.get("/north-plant/tokens/").content.decode()
    headers = {"Authorization": f"Bearer {found.group()}"}
    assert Client().get("/api/v1/north-plant/jobs/1", headers=headers).status_code == 404
    client.post(f"/north-plant/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert Client().get("/api/v1/north-plant/jobs/1", headers=headers).status_code == 401


def test_tokens_of_others_are_not_seen(
    workspace: Workspace, anna: User, wang: User, adam: User, sign_in: SignIn
) -> None:
    token, _secret = tokens.issue_token(
        workspace=workspace, owner=wang, role=Role.VIEWER, name="Wang's import", now=timezone.now()
    )
    assert "Wang" not in sign_in(anna).get("/north-plant/tokens/").content.decode().partition("<main")[2]
    assert sign_in(anna).post(f"/north-plant/tokens/{token.pk}/revoke/").status_code == 404
    assert sign_in(adam).post(f"/north-plant/tokens/{token.pk}/revoke/").status_code == 303


@pytest.mark.parametrize("prepared", [True, False])
def test_who_asks_is_known_with_all_their_workspaces_by_one_question(
    workspace: Workspace, other_workspace: Workspace, wang: User, stranger: User, settings: Any, prepared: bool
) -> None:
    settings.PREPARED_STATEMENTS = prepared
    Membership.objects.create(workspace=other_workspace, user=wang, role=Role.VIEWER)
    now = timezone.now()
    for number, read_at in enumerate((None, now)):
        Notice.objects.create(
            workspace=workspace, user=wang, text="Look", unique_as=str(number), created_at=now, read_at=read_at
        )
    for _again in range(2):
        with CaptureQueriesContext(connection) as asked:
            arrival = arrival_of(wang.pk)
        assert len(asked) == 1
        assert arrival is not None
        assert arrival.user == wang
        found = {slug: (one.membership.role, one.teams, one.unread) for slug, one in arrival.entrances.items()}
        warehouse = Team.objects.get(name="Warehouse").pk
        assert found == {
            "north-plant": (Role.EDITOR, frozenset({warehouse}), 1),
            "south-shop": (Role.VIEWER, frozenset(), 0),
        }
        assert arrival.entrances["north-plant"].membership.workspace.work_hours == workspace.work_hours
    wang.is_active = False
    wang.save()
    assert person_in(workspace, wang) is None
    assert person_in(workspace, stranger) is None
    assert arrival_of(0) is None
