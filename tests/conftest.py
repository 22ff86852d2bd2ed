"""The cast: everybody knows them.

Anna edits, Wang leads a team and edits too, Victor only looks, Connie contributes, Adam is the admin; Stranger works in
another company on the same installation, so that leaks show.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright

from opsboard.core.access import Viewer, person_in
from opsboard.core.models import Membership, Role, Team, User, Workspace
from opsboard.settling import settle
from tests import browser as chromium
from tests import databases, emptying

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)  # a Wednesday, in week 47


databases.install()
emptying.install()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits begins first, then what a browser does: so no process is left with it alone at the end."""
    marks = ("waits", "browser")
    items.sort(key=lambda item: [item.get_closest_marker(mark) is None for mark in marks])


def pytest_collection_finish() -> None:
    settle()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Each test begins in English, with plain static files, an empty cache and dashboards that never rest."""
    settings.STORAGES = {
        **settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }  # fmt: skip
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = settings.VAR / "files"
    settings.DASHBOARD_REST = 0.0
    with translation.override("en"):
        yield
    cache.clear()


def person(name: str, **fields: object) -> User:
    return User.objects.create_user(
        username=f"{name.lower()}@north.example",
        email=f"{name.lower()}@north.example",
        password=PASSWORD,
        name=name,
        **fields,
    )


@pytest.fixture
def workspace(db: None) -> Workspace:
    """North Plant, in Shanghai."""
    return Workspace.objects.create(name="North Plant", slug="north-plant", timezone="Asia/Shanghai")


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    """Somebody else's company."""
    return Workspace.objects.create(name="South Shop", slug="south-shop", timezone="Europe/Berlin")


def member(workspace: Workspace, name: str, role: Role) -> User:
    user = person(name)
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


@pytest.fixture
def anna(workspace: Workspace) -> User:
    """The editor."""
    return member(workspace, "Anna", Role.EDITOR)


@pytest.fixture
def wang(workspace: Workspace) -> User:
    """Leads the warehouse team; an editor."""
    user = member(workspace, "Wang", Role.EDITOR)
    Team.objects.create(workspace=workspace, name="Warehouse", lead=user).members.add(user)
    return user


@pytest.fixture
def victor(workspace: Workspace) -> User:
    """The viewer."""
    return member(workspace, "Victor", Role.VIEWER)


@pytest.fixture
def connie(workspace: Workspace) -> User:
    """The contributor."""
    return member(workspace, "Connie", Role.CONTRIBUTOR)


@pytest.fixture
def adam(workspace: Workspace) -> User:
    """The admin."""
    return member(workspace, "Adam", Role.ADMIN)


@pytest.fixture
def stranger(other_workspace: Workspace) -> User:
    """An admin, but of another company."""
    return member(other_workspace, "Stranger", Role.ADMIN)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    return signed_in


def viewer_for(user: User, workspace: Workspace) -> Viewer:
    viewer = person_in(workspace, user)
    assert viewer is not None
    return viewer


@pytest.fixture
def editor(anna: User, workspace: Workspace) -> Viewer:
    return viewer_for(anna, workspace)


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the project; tests that need it say that they skip where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder ../shared with real data is not here")
    return SHARED


# --- a real browser before a real server ---

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]  # fmt: skip


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail("no Chromium here; in CI the browser tests must run")
        pytest.skip("no Chromium here: install it, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """The address of the running site."""
    settings.SITE_URL = live_server.url
    return str(live_server.url)
