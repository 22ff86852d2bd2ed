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


def test_another_key_is_another_request(send: Any) -> None:
    send("Second shift", "a")
    assert send("Second shift", "b").status_code == 201
    assert Decision.objects.count() == 2
