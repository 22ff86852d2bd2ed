"""Who did what: every change of people and settings is written down, with its author and its values."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from opsboard.core import audit
from opsboard.core.models import ImportRun, Membership, Role, User, Workspace
from opsboard.core.services import invitations, people, tokens

pytestmark = pytest.mark.django_db(transaction=True)
type SignIn = Callable[[User], Client]


def newest(workspace: Workspace, **wishes: object) -> audit.Entry:
    return audit.Deeds(workspace).only(**wishes)[0:1][0]


def test_a_change_names_its_author_and_both_values(
    workspace: Workspace, adam: User, victor: User, sign_in: SignIn
) -> None:
    row = Membership.objects.get(user=victor)
    sign_in(adam).post(f"/north-plant/members/{row.pk}/role/", {"role": "30"})
    entry = newest(workspace)
    assert (entry.who, entry.deed, entry.name) == ("Adam", "Changed", "Victor")
    assert [(one.field, one.before, one.after) for one in entry.changes] == [("Role", "Viewer", "Editor")]


def test_what_is_removed_is_still_named(workspace: Workspace, adam: User, wang: User, sign_in: SignIn) -> None:
    row = Membership.objects.get(user=wang)
    sign_in(adam).post(f"/north-plant/members/{row.pk}/remove/")
    deeds = {(entry.kind, entry.deed, entry.name, entry.who) for entry in audit.Deeds(workspace)[0:10]}
    assert ("Member", "Removed", "Wang", "Adam") in deeds
    assert ("Team member", "Removed", "Warehouse · Wang", "Adam") in deeds


def test_secrets_are_not_in_the_audit(workspace: Workspace, adam: User, sign_in: SignIn) -> None:
    tokens.issue_token(workspace=workspace, owner=adam, role=Role.VIEWER, name="Import", now=timezone.now())
    token = adam.api_tokens.get()
    invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, now=timezone.now())
    adam.set_password("a new and quite long one")
    adam.save()
    text = sign_in(adam).get("/north-plant/audit/").content.decode()
    assert "Import" in text
    assert token.token_hash not in text
    assert adam.password not in text


def test_an_import_is_one_entry_with_its_counts(workspace: Workspace, anna: User, now: datetime) -> None:
    ImportRun.objects.create(
        workspace=workspace, importer="metrics", by=anna, created_at=now, finished_at=now, summary={"written": 200_000}
    )
    entry = newest(workspace, kind="import")
    assert (entry.who, entry.deed, entry.words) == ("Anna", "Imported", "New: 200000")


def test_another_companys_deeds_are_not_seen(
    workspace: Workspace, other_workspace: Workspace, adam: User, stranger: User
) -> None:
    people.save_team(workspace=other_workspace, name="Their team", lead=stranger, members=[])
    names = {entry.name for entry in audit.Deeds(workspace)[0:100]}
    assert names.isdisjoint({"Their team", "Stranger", "South Shop"})


def test_the_list_is_narrowed_and_exported(workspace: Workspace, adam: User, anna: User, sign_in: SignIn) -> None:
    client = sign_in(adam)
    client.post("/north-plant/teams/new/", {"name": "Line 1", "members": [anna.pk]})
    assert "Line 1" in client.get(f"/north-plant/audit/?who={adam.pk}&kind=core.team&days=7").content.decode()
    assert (
        "Line 1"
        not in client.get(f"/north-plant/audit/?who={anna.pk}&kind=core.team").content.decode().split("</form>")[-1]
    )
    answer = client.get("/north-plant/audit/?export=csv&kind=core.team")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1].split(",")[1:5] == ["Adam", "Team", "Added", "Line 1"]
    assert client.get("/north-plant/audit/?export=xlsx").status_code == 200


def test_it_reads_the_same_number_of_tables_however_long_it_is(
    workspace: Workspace, adam: User, anna: User, now: datetime
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            audit.Deeds(workspace)[0:50]
        return len(asked)

    for number in range(3):
        people.save_team(workspace=workspace, name=f"Team {number}", lead=anna, members=[adam])
    few = queries()
    for number in range(3, 30):
        people.save_team(workspace=workspace, name=f"Team {number}", lead=anna, members=[adam])
    assert queries() <= few


def test_an_import_run_of_yesterday_is_not_of_the_last_hour(workspace: Workspace, anna: User, now: datetime) -> None:
    ImportRun.objects.create(
        workspace=workspace, importer="metrics", by=anna, created_at=now, finished_at=now - timedelta(days=1)
    )
    assert audit.Deeds(workspace, kind="import", since=now - timedelta(hours=1)).count() == 0
    assert audit.Deeds(workspace, kind="import", since=now - timedelta(days=2)).count() == 1
