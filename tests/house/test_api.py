"""Every operation of the API: without a token, with another company's, with a viewer's; and nothing leaks or breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from opsboard.core.access import role_needed
from opsboard.core.api import api, operation_of
from opsboard.core.models import ApiToken, Membership, Role, User, Workspace
from opsboard.core.services import tokens
from tests.house.conftest import PARAMETER, Address, Furnished, every_address

OPEN = {"hooks"}  # an inbound webhook's secret is its key


@dataclass(frozen=True)
class Operation:
    method: str
    address: Address
    function: Any

    def __str__(self) -> str:
        return f"{self.method} {self.address.route.removeprefix('api/v1/<slug:workspace>/')}"


def every_operation() -> Iterator[Operation]:
    for address in every_address():
        if not address.route.startswith("api/v1/"):
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            function = operation_of(address.view, method)
            if function is not None:
                yield Operation(method, address, function)


OPERATIONS = [one for one in every_operation() if str(one).split(" ")[1].partition("/")[0] not in OPEN]


def secret_for(house: Furnished, who: str, workspace: Workspace, role: Role) -> str:
    _token, secret = tokens.issue_token(
        workspace=workspace, owner=house.people[who], role=role, name=who, now=timezone.now()
    )
    return secret


def url_of(house: Furnished, one: Operation, workspace: Workspace) -> str:
    """The object of the page with the nearest name: `reports/<int:pk>` is the report of /reports/<pk>/."""
    values: dict[str, Any] = {}
    for kind, name in PARAMETER.findall(one.address.route):
        if name == "workspace":
            continue
        like = [ex for ex in house.examples.values() if name in ex]
        values[name] = like[0][name] if like else 1 if kind == "int" or name in ("pk", "id") else "nothing"
    return one.address.url(workspace.slug, values)


def call(one: Operation, url: str, secret: str = "", body: str = "{}") -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    with transaction.atomic():
        answer = Client(raise_request_exception=False).generic(
            one.method, url, body if one.method != "GET" else "", content_type="application/json", headers=headers
        )
        transaction.set_rollback(True)
    return answer


def test_the_walk_finds_the_operations() -> None:
    assert "GET jobs/<pk>" in {str(one) for one in OPERATIONS}
    paths = {path for path in api.get_openapi_schema(path_prefix="/")["paths"] if "/hooks/" not in path}
    assert len({one.address.route for one in OPERATIONS}) == len(paths)


@pytest.mark.parametrize("secret", ["", "ops_guess"])
def test_without_a_token_nothing_is_answered(house: Furnished, secret: str) -> None:
    answers = {str(one): call(one, url_of(house, one, house.workspace), secret) for one in OPERATIONS}
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 401} == {}
    for answer in answers.values():
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == 401


def test_another_companys_token_opens_nothing(house: Furnished) -> None:
    theirs = secret_for(house, "stranger", house.empty, Role.ADMIN)
    answers = {str(one): call(one, url_of(house, one, house.workspace), theirs).status_code for one in OPERATIONS}
    assert {name: status for name, status in answers.items() if status != 401} == {}


def test_another_companys_objects_are_not_found(house: Furnished) -> None:
    theirs = secret_for(house, "stranger", house.empty, Role.ADMIN)
    ours = secret_for(house, "admin", house.workspace, Role.ADMIN)
    wrong = []
    for one in OPERATIONS:
        if one.method != "GET" or not one.address.parameters:
            continue
        if call(one, url_of(house, one, house.workspace), ours).status_code != 200:
            continue
        status = call(one, url_of(house, one, house.empty), theirs).status_code
        if status != 404:
            wrong.append((str(one), status))
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_a_token_may_do_what_its_role_may_and_nothing_breaks(house: Furnished, role: Role) -> None:
    secret, wrong = secret_for(house, "admin", house.workspace, role), []
    for one in OPERATIONS:
        answer = call(one, url_of(house, one, house.workspace), secret)
        may = role >= role_needed(one.function, one.method)
        refused = answer.status_code == 403
        if refused == may or answer.status_code >= 500:
            wrong.append((str(one), answer.status_code))
        elif answer.status_code >= 400 and answer["Content-Type"] != "application/problem+json":
            wrong.append((str(one), answer["Content-Type"]))
    assert wrong == []


@pytest.mark.parametrize(
    "body", ["", "not json", "[]", "null", '{"name": null}', '{"at": "9999-99-99", "points": 5}', '"\\u0000"']
)
def test_nonsense_gets_a_problem_not_a_fault(house: Furnished, body: str) -> None:
    secret, wrong = secret_for(house, "admin", house.workspace, Role.ADMIN), []
    for one in OPERATIONS:
        if one.method == "GET":
            continue
        answer = call(one, url_of(house, one, house.workspace), secret, body)
        if answer.status_code >= 500 or "json" not in answer["Content-Type"]:
            wrong.append((str(one), answer.status_code))
    assert wrong == []


HALF = '"\\ud800"'  # half of a character, which JSON can write and no database can keep


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("metrics", f'{{"name": "x", "timezone": {HALF}}}'),
        ("metrics", f'{{"name": "x", "description": {HALF}}}'),
        ("actions", f'{{"title": "x", "helpers": [{HALF}]}}'),
        ("actions", f'{{"title": "x", "description": {HALF}}}'),
        ("reports", f'{{"title": "x", "sections": [{HALF}]}}'),
    ],
)
def test_half_a_character_gets_a_problem(house: Furnished, path: str, body: str) -> None:
    secret = secret_for(house, "admin", house.workspace, Role.ADMIN)
    with transaction.atomic():
        answer = Client(raise_request_exception=False).post(
            f"/api/v1/house/{path}",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        transaction.set_rollback(True)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("PATCH", "metrics", "{}", "application/json", 405),
        ("GET", "nothing/of/the/kind", "", "application/json", 404),
        ("POST", "metrics", "x" * 6_000_000, "application/json", 400),
        ("POST", "imports/metrics", "x", "multipart/form-data", 400),
    ],
)
def test_what_never_reaches_an_operation_gets_a_problem_too(
    house: Furnished, method: str, path: str, body: str, kind: str, status: int
) -> None:
    secret = secret_for(house, "admin", house.workspace, Role.ADMIN)
    for more in ({}, {"Idempotency-Key": "one"}):
        answer = Client(raise_request_exception=False).generic(
            method,
            f"/api/v1/house/{path}",
            body,
            content_type=kind,
            headers={"Authorization": f"Bearer {secret}", **more},
        )
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status


def test_members_read_the_description_of_the_operations(house: Furnished) -> None:
    answers = {}
    for who in ("viewer", "stranger"):
        client = Client()
        client.force_login(house.people[who])
        answers[who] = client.get("/api/v1/house/openapi.json")
    assert "/api/v1/house/metrics" in answers["viewer"].json()["paths"]
    assert answers["stranger"].status_code == 404


def test_programs_read_the_description_with_their_token(house: Furnished) -> None:
    url = "/api/v1/house/openapi.json"
    secret = secret_for(house, "viewer", house.workspace, Role.VIEWER)
    described = Client().get(url, headers={"Authorization": f"Bearer {secret}"})
    assert "/api/v1/house/metrics" in described.json()["paths"]
    for headers in ({}, {"Authorization": "Bearer ops_guessed"}, {"Authorization": f"Basic {secret}"}):
        refused = Client().get(url, headers=headers)
        assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")
    assert Client().get("/api/v1/other/openapi.json", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_token_ends_with_its_day_its_owner_and_its_revocation(house: Furnished) -> None:
    url = "/api/v1/house/jobs/1"

    def status(secret: str) -> int:
        cache.clear()
        return Client().get(url, headers={"Authorization": f"Bearer {secret}"}).status_code

    secret = secret_for(house, "editor", house.workspace, Role.VIEWER)
    token = ApiToken.objects.get(token_hash=tokens.hash_secret(secret))
    assert status(secret) != 401
    for change in ({"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}):
        with transaction.atomic():
            ApiToken.objects.filter(pk=token.pk).update(**change)
            assert status(secret) == 401
            transaction.set_rollback(True)
    assert status(secret) != 401
    with transaction.atomic():
        User.objects.filter(pk=token.owner_id).update(is_active=False)
        assert status(secret) == 401
        transaction.set_rollback(True)
    Membership.objects.filter(user_id=token.owner_id).delete()
    assert status(secret) == 401


def test_the_role_of_a_token_shrinks_with_its_owners(house: Furnished) -> None:
    secret = secret_for(house, "editor", house.workspace, Role.EDITOR)
    Membership.objects.filter(user=house.people["editor"]).update(role=Role.VIEWER)
    writing = next(
        (one for one in OPERATIONS if one.method == "POST" and role_needed(one.function, "POST") > Role.VIEWER), None
    )
    if writing is None:
        pytest.skip("no operation that writes yet")
    assert call(writing, url_of(house, writing, house.workspace), secret).status_code == 403
