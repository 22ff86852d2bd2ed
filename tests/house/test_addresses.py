"""Every address of the house, as everybody: who gets in, who does not, and nobody sees the other company's things."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from opsboard.core.access import role_needed
from opsboard.core.models import Role
from tests.house.conftest import Address, Furnished, every_address, inner_addresses

OPEN_PREFIXES = ("accounts/", "open/", "api/", "i18n/", "emergency/", "join/")
OPEN_NAMES = {"healthz", "readyz"}  # and the files of the installable app, which belong to no workspace
ROLES = {"viewer": Role.VIEWER, "contributor": Role.CONTRIBUTOR, "editor": Role.EDITOR, "admin": Role.ADMIN}


@contextmanager
def undone() -> Iterator[None]:
    """Whatever a request changes is taken back, so that the next address finds everything in its place."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, url: str) -> Any:
    with undone():
        return client.get(url) if method == "GET" else client.post(url)


@pytest.fixture(scope="module")
def seen(house: Furnished) -> dict[str, Any]:
    """The admin's answer from each address."""
    admin = house.client("admin")
    return {one.name: ask(admin, "GET", house.url(one)) for one in inner_addresses()}


@pytest.fixture(scope="module")
def shown(seen: dict[str, Any]) -> dict[str, int]:
    """What the admin gets at each address."""
    return {name: answer.status_code for name, answer in seen.items()}


def is_open(address: Address) -> bool:
    return not getattr(address.view, "login_required", True)


def test_the_walk_finds_the_house() -> None:
    names = {one.name for one in every_address()}
    assert {"core:home", "core:member_list", "account_login", "api:job_state"} <= names
    assert len(inner_addresses()) > 40


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_visitors_are_sent_to_the_sign_in_page(house: Furnished, method: str) -> None:
    visitor, wrong = Client(raise_request_exception=False), []
    for address in every_address():
        if not address.inside and (address.route.startswith(OPEN_PREFIXES) or is_open(address)):
            continue
        answer = ask(visitor, method, house.url(address) if address.inside else address.url("", house.values(address)))
        to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
        if not to_sign_in and answer.status_code != 404:
            wrong.append((address.name, answer.status_code))
    assert wrong == []


def test_what_needs_no_sign_in_lies_outside_of_workspaces() -> None:
    assert [one.name for one in inner_addresses() if is_open(one)] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_strangers_see_nothing_there(house: Furnished, plain_refusals: None, method: str) -> None:
    stranger = house.client("stranger")
    answers = {one.name: ask(stranger, method, house.url(one)).status_code for one in inner_addresses()}
    assert {name: status for name, status in answers.items() if status != 404} == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_objects_of_another_company_are_not_there(
    house: Furnished, shown: dict[str, int], plain_refusals: None, method: str
) -> None:
    """The stranger is an admin at home: an object of ours at an address of theirs is not found."""
    stranger, wrong = house.client("stranger"), []
    for address in inner_addresses():
        if "int:" not in address.route:
            continue  # a week or a key has its own page in each workspace
        if method == "GET" and shown[address.name] not in (200, 302):
            continue  # no page to read here, or no such object in the furnished company
        answer = ask(stranger, method, house.url(address, house.empty))
        if answer.status_code not in ((404,) if method == "GET" else (404, 405)):
            wrong.append((address.name, house.url(address, house.empty), answer.status_code))
    assert wrong == []


@pytest.mark.parametrize(("method", "who"), [(method, who) for method in ("GET", "POST") for who in ROLES])
def test_each_role_may_do_what_the_view_says_and_nothing_breaks(
    house: Furnished, shown: dict[str, int], plain_refusals: None, who: str, method: str
) -> None:
    client, wrong = house.client(who), []
    for address in inner_addresses():
        may = ROLES[who] >= role_needed(address.view, method)
        known = shown[address.name] if (method, who) == ("GET", "admin") else None
        status = known or ask(client, method, house.url(address)).status_code
        if status >= 500 or (not may and status != 403) or (may and who == "admin" and status == 403):
            wrong.append((address.name, house.url(address), status))
    assert wrong == []


def test_the_furnished_house_shows_most_of_its_pages(shown: dict[str, int]) -> None:
    """So that the tests above walk through real objects, not past them."""
    pages = {name: code for name, code in shown.items() if code != 405}
    missing = sorted(name for name, code in pages.items() if code == 404)
    assert len(missing) <= len(pages) // 5, missing


def test_every_link_leads_somewhere(seen: dict[str, Any]) -> None:
    pages = {name: one.content for name, one in seen.items() if not one.streaming}
    assert [name for name, content in pages.items() if re.search(rb"<a\b[^>]*\shref=(\"\"|'')", content)] == []


def test_an_empty_workspace_has_a_page_at_every_address_without_an_object(house: Furnished) -> None:
    newcomer, wrong = house.client("stranger"), []
    for address in inner_addresses():
        if address.parameters:
            continue
        answer = ask(newcomer, "GET", house.url(address, house.empty))
        if answer.status_code not in (200, 302, 405):
            wrong.append((address.name, answer.status_code))
    assert wrong == []


NONSENSE = (
    "q=%00%25'&page=99999999999999999999&sort=-;drop&export=exe&about_model=core.user&about_id=99999999999999999999999"
)


def test_nonsense_in_the_address_breaks_no_page(house: Furnished) -> None:
    admin = house.client("admin")
    answers = {one.name: ask(admin, "GET", f"{house.url(one)}?{NONSENSE}").status_code for one in inner_addresses()}
    assert {name: status for name, status in answers.items() if status >= 500} == {}


def test_numbers_too_large_for_the_database_are_not_found(house: Furnished) -> None:
    admin, wrong = house.client("admin"), []
    for address in inner_addresses():
        if "int:" not in address.route:
            continue
        values = {name: 10**30 if str(value).isdigit() else value for name, value in house.values(address).items()}
        status = ask(admin, "GET", address.url(house.workspace.slug, values)).status_code
        if status not in (404, 405):
            wrong.append((address.name, status))
    assert wrong == []


def test_parts_for_htmx_are_pieces_of_the_same_pages(house: Furnished) -> None:
    admin, wrong = house.client("admin"), []
    for address in inner_addresses():
        if address.parameters:
            continue
        with undone():
            answer = admin.get(house.url(address), headers={"HX-Request": "true"})
        if answer.status_code >= 500:
            wrong.append((address.name, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("name", sorted(OPEN_NAMES))
def test_the_health_pages_need_nobody(name: str, house: Furnished) -> None:
    assert Client().get(f"/{name}").status_code in (200, 503)
