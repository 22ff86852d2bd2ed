"""A POST that carries a key is done once."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from opsboard.core.models import Role, User, Workspace
from opsboard.core.services import issue_token
from opsboard.review.models import Decision

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/north-plant/reviews/2026-W40/decisions"


@pytest.fixture
def send(workspace: Workspace, anna: User) -> Any:
    _token, secret = issue_token(
        workspace=workspace, owner=anna, role=Role.EDITOR, name="till", now=datetime.now().astimezone()
    )

    def post(text: str, key: str) -> Any:
        return Client().post(
            ADDRESS, json.dumps({"text": text}), content_type="application/json",
            headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": key},
        )  # fmt: skip

    return post


def test_sent_twice_it_is_done_once_and_answered_twice(send: Any) -> None:
    first, second = send("Second shift", "a"), send("Second shift", "a")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Decision.objects.count() == 1


def test_the_same_key_for_another_body_is_refused(send: Any) -> None:
    send("Second shift", "a")
    answer = send("Third shift", "a")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert Decision.objects.count() == 1


def test_an_upload_is_compared_by_what_it_holds_not_by_its_length(workspace: Workspace, anna: User) -> None:
    _token, secret = issue_token(
        workspace=workspace, owner=anna, role=Role.EDITOR, name="till", now=datetime.now().astimezone()
    )

    def upload(rows: str, boundary: str, key: str = "u", token: str = secret) -> Any:
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
        body = (
            f'{part}mapping"\r\n\r\n{{}}\r\n{part}file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n{rows}\r\n'
            f"--{boundary}--\r\n"
        )
        return Client().post(
            "/api/v1/north-plant/imports/metrics", body.encode(), content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
        )  # fmt: skip

    first = upload("at,value\n2026-01-01,1", "aaaa")
    again = upload("at,value\n2026-01-01,1", "bbbb")
    other = upload("at,value\n2026-01-01,2", "aaaa")
    assert first.status_code < 500
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["detail"]) == (422, "This Idempotency-Key was used for another body.")
    assert upload("x", "cccc", "k", token="ops_guess").status_code == 401


def test_a_refusal_is_one_line_in_the_log(workspace: Workspace, victor: User, sign_in: Any, caplog: Any) -> None:
    assert sign_in(victor).get("/north-plant/members/").status_code == 403
    (record,) = [one for one in caplog.records if getattr(one, "status_code", None) == 403]
    assert record.exc_info is None


def test_another_key_is_another_request(send: Any) -> None:
    send("Second shift", "a")
    assert send("Second shift", "b").status_code == 201
    assert Decision.objects.count() == 2
