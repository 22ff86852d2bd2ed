"""The front doors."""

from collections.abc import Callable

import pytest
from django.test import Client

from opsboard.core.models import User, Workspace

pytestmark = pytest.mark.django_db


def test_the_front_door_leads_to_ones_own_workspace(anna: User, sign_in: Callable[[User], Client]) -> None:
    assert sign_in(anna).get("/").headers["Location"] == "/north-plant/"


def test_the_home_page_shows_the_loop_in_both_languages(anna: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(anna)
    english = client.get("/north-plant/").content.decode()
    assert all(word in english for word in ("Find", "Fix", "Prove"))
    anna.language = "zh-hans"
    anna.save()
    chinese = client.get("/north-plant/").content.decode()
    assert all(word in chinese for word in ("发现", "解决", "验证"))


def test_a_visitor_is_asked_to_sign_in(workspace: Workspace, client: Client) -> None:
    answer = client.get("/north-plant/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_stranger_finds_nothing(stranger: User, workspace: Workspace, sign_in: Callable[[User], Client]) -> None:
    assert sign_in(stranger).get("/north-plant/").status_code == 404


def test_health_needs_no_sign_in(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"
