"""Processes: named, changed, deleted and brought back; seen by those who may."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from opsboard.core.models import Team, User, Workspace
from opsboard.core.versions import StaleVersion
from processes import services
from processes.models import Process
from tests.conftest import viewer_for

pytestmark = pytest.mark.django_db
HOME = "/north-plant/processes/"
SignIn = Callable[[User], Client]


@pytest.fixture
def returns(workspace: Workspace, anna: User) -> Process:
    return services.create_process(workspace=workspace, by=anna, now=timezone.now(), name="Returns", owner=anna)


def test_a_process_is_named_and_then_has_a_page_of_its_own(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    assert "No process yet" in client.get(HOME).content.decode()
    refused = client.post(f"{HOME}new/", {"name": " "})
    assert (refused.status_code, Process.objects.count()) == (422, 0)
    made = client.post(
        f"{HOME}new/", {"name": "Order fulfilment", "description": "From order to door", "owner": anna.pk}
    )
    row = Process.objects.get()
    assert (made.status_code, made.headers["Location"]) == (303, f"{HOME}{row.pk}/")
    assert "From order to door" in client.get(row.get_absolute_url()).content.decode()
    listed = client.get(f"{HOME}?q=order").content.decode()
    assert f'href="{row.get_absolute_url()}"' in listed
    assert (
        client.get(f"{HOME}?export=csv").getvalue().decode("utf-8-sig").splitlines()[1].startswith("Order fulfilment")
    )


def test_the_list_asks_as_much_for_many_as_for_one(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)

    def asked() -> int:
        client.get(HOME)
        with CaptureQueriesContext(connection) as seen:
            client.get(HOME)
        return len(seen)

    services.create_process(workspace=workspace, by=anna, now=timezone.now(), name="One", owner=anna)
    one = asked()
    for number in range(8):
        services.create_process(workspace=workspace, by=anna, now=timezone.now(), name=f"Process {number}", owner=anna)
    assert asked() == one <= 8


def test_who_saves_an_old_text_is_shown_both(returns: Process, anna: User, sign_in: SignIn) -> None:
    client, url = sign_in(anna), f"{HOME}{returns.pk}/edit/"
    services.change_process(process=returns, by=anna, now=timezone.now(), version=1, description="Goods that come back")
    late = client.post(url, {"name": "Returns and repairs", "version": "1"})
    assert late.status_code == 409
    assert "Goods that come back" in late.content.decode()
    assert "Returns and repairs" in late.content.decode()
    with pytest.raises(StaleVersion):
        services.change_process(process=returns, by=anna, now=timezone.now(), version=1, name="Other")
    assert client.post(url, {"name": "Returns and repairs", "version": "2"}).status_code == 303


def test_a_deleted_process_can_be_brought_back(returns: Process, anna: User, sign_in: SignIn) -> None:
    client, url = sign_in(anna), f"{HOME}{returns.pk}/"
    client.post(f"{url}delete/")
    assert client.get(url).status_code == 404
    assert "Returns" in client.get(f"{HOME}?deleted=yes").content.decode()
    client.post(f"{url}restore/")
    assert client.get(url).status_code == 200


def test_a_process_of_some_teams_is_hidden_from_others(
    returns: Process, workspace: Workspace, wang: User, victor: User, sign_in: SignIn
) -> None:
    team = Team.objects.create(workspace=workspace, name="Repairs", lead=wang)
    team.members.add(wang)
    Process.objects.filter(pk=returns.pk).update(limited_to=[team.pk])
    assert sign_in(victor).get(f"{HOME}{returns.pk}/").status_code == 404
    assert sign_in(wang).get(f"{HOME}{returns.pk}/").status_code == 200
    assert not Process.objects.visible_to(viewer_for(victor, workspace)).exists()
