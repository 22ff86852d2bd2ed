"""The demo company, furnished once for a whole module and rolled back after it; and every address of the house."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template import Template
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone

from metrics.services import create_source
from opsboard import urls
from opsboard.core import notices, registry, storage
from opsboard.core.channels.sealing import seal
from opsboard.core.models import Channel, Job, Membership, Role, Team, User, Workspace, WorkspaceModel
from opsboard.core.services import invitations, people, tokens
from opsboard.demo import company

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


# --- every address ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """One address of the house, as its route says it."""

    route: str
    name: str
    view: Any

    @property
    def parameters(self) -> list[str]:
        return [name for _kind, name in PARAMETER.findall(self.route) if name != "workspace"]

    @property
    def inside(self) -> bool:
        """Whether it lies in a workspace (and is a page, not the API)."""
        return self.route.startswith("<slug:workspace>/")

    @property
    def app(self) -> str:
        return self.name.partition(":")[0] if ":" in self.name else ""

    def url(self, workspace: str, values: dict[str, Any]) -> str:
        filled = {"workspace": workspace, **values}
        return "/" + PARAMETER.sub(lambda found: str(filled[found[2]]), self.route)


def walk(resolver: URLResolver, before: str = "", spaces: tuple[str, ...] = ()) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, route, (*spaces, pattern.namespace) if pattern.namespace else spaces)
        elif isinstance(pattern, URLPattern):
            yield Address(route, ":".join([*spaces, pattern.name or ""]), pattern.callback)


def every_address() -> list[Address]:
    return list(walk(get_resolver()))


def inner_addresses() -> list[Address]:
    return [one for one in every_address() if one.inside]


# --- a furnished workspace --------------------------------------------------------------------------------------------


@dataclass
class Furnished:
    """The demo company, its people, another company's admin, and the values that fill its addresses."""

    workspace: Workspace
    empty: Workspace
    now: datetime
    people: dict[str, User]
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)

    def client(self, who: str) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(self.people[who], backend="opsboard.core.accounts.SignIn")
        return client

    def values(self, address: Address) -> dict[str, Any]:
        """What fills this address: an object that is there, where one is known."""
        if address.route in self.examples:
            return self.examples[address.route]
        nearest = max((route for route in self.examples if address.route.startswith(route)), key=len, default="")
        known = dict(self.examples.get(nearest, {}))
        for kind, name in PARAMETER.findall(address.route):
            if name not in known and name != "workspace":
                known[name] = self._guess(address, kind, name)
        return known

    def url(self, address: Address, workspace: Workspace | None = None) -> str:
        return address.url((workspace or self.workspace).slug, self.values(address))

    def _guess(self, address: Address, kind: str, name: str) -> Any:
        """Things are addressed by their plural: `watches/<int:pk>/` is a Watch."""
        if name == "key" and address.name == "core:do":
            return registry.effects()[0].key if registry.effects() else "work.open_action"
        if kind != "int":
            return "nothing"
        before = address.route.partition(f"<{kind}:{name}>")[0].rstrip("/").rpartition("/")[2]
        for model in apps.get_app_config(address.app).get_models():
            if before[:4].replace("-", "_") in str(model._meta.model_name):
                row = rows_of(model, self.workspace).first()
                if row is not None:
                    return row.pk
        return 1


def rows_of(model: type[models.Model], workspace: Workspace) -> models.QuerySet[Any]:
    names = {one.name for one in model._meta.fields}
    rows = model._default_manager.all()
    return rows.filter(workspace=workspace).order_by("-pk") if "workspace" in names else rows.none()


def examples_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """`{route: its values}` of everything that knows its own address."""
    found: dict[str, dict[str, Any]] = {}
    for label in [*registry.rooms(), "core"]:
        for model in apps.get_app_config(label).get_models():
            if not issubclass(model, WorkspaceModel) or not hasattr(model, "get_absolute_url"):
                continue
            for row in rows_of(model, workspace)[:3]:
                try:
                    match = resolve(str(row.get_absolute_url()).partition("?")[0])
                except Resolver404:
                    continue
                values = {
                    key: value
                    for key, value in match.kwargs.items()
                    if key != "workspace" and f":{key}>" in match.route
                }
                if values:
                    found.setdefault(match.route, values)
    return found


def person(name: str) -> User:
    return User.objects.create_user(f"{name}@house.example", f"{name}@house.example", None, name=name.title())


def furnish(now: datetime) -> Furnished:
    workspace = Workspace.objects.create(name="House", slug="house", timezone="Asia/Shanghai")
    empty = Workspace.objects.create(name="Empty", slug="empty", timezone="Europe/Berlin")
    cast = {name: person(name) for name in ("admin", "editor", "contributor", "viewer", "stranger")}
    for name in ("admin", "editor", "contributor", "viewer"):
        Membership.objects.create(workspace=workspace, user=cast[name], role=Role[name.upper()])
    Membership.objects.create(workspace=empty, user=cast["stranger"], role=Role.ADMIN)
    company.furnish(workspace=workspace, by=cast["admin"], now=now)
    furnish_the_hall(workspace, cast, now)
    return Furnished(workspace, empty, now, cast, examples_of(workspace))


def furnish_the_hall(workspace: Workspace, cast: dict[str, User], now: datetime) -> None:
    admin = cast["admin"]
    if not Team.objects.filter(workspace=workspace).exists():
        people.save_team(workspace=workspace, name="House team", lead=admin, members=[])
    invitations.invite(workspace=workspace, by=admin, role=Role.VIEWER, now=now)
    tokens.issue_token(workspace=workspace, owner=admin, role=Role.VIEWER, name="House", now=now)
    Job.objects.create(
        workspace=workspace, title="House job", task="x", by=admin, created_at=now, state=Job.State.FAILED
    )
    notices.tell(cast.values(), "House notice", "/house/", workspace=workspace, now=now, unique_as="house")
    notices.tell(
        [admin], "House notice for the admin", "/house/", workspace=workspace, now=now, unique_as="house-admin"
    )
    for person in (None, *cast.values()):  # they lead nowhere: private addresses are refused before anybody is asked
        Channel.objects.create(
            workspace=workspace, kind="webhook", name="House channel", person=person, created_at=now, robot="house",
            sealed=seal({"url": "http://127.0.0.1:9/", "secret": "house"}), hint="127.0.0.1",
        )  # fmt: skip
    create_source(
        workspace=workspace, by=admin, now=now, kind="indicator", name="House source", asks={"indicator": "work.overdue"},
        mapping={"columns": {"at": ["time"], "value": ["value"]}, "settings": {"create": {"name": "Overdue"}}},
    )  # fmt: skip
    storage.keep(workspace=workspace, by=admin, name="house.txt", content=b"house", now=now)


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[Furnished]:
    """The demo company in the week before now."""
    settings.STORAGES = {
        **settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }  # fmt: skip
    settings.MEDIA_ROOT = settings.VAR / "files"
    now = timezone.now().astimezone(UTC).replace(microsecond=0) - timedelta(minutes=1)
    with django_db_blocker.unblock(), transaction.atomic():
        yield furnish(now)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _in_the_house(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test's own changes are rolled back to the furnished state.

    Nobody here looks at a template's context, so no piece of a page is kept with a copy of its own.
    """
    monkeypatch.setattr(Template, "_render", lambda self, context: self.nodelist.render(context))


@pytest.fixture
def plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nearly every answer is a refusal, its page is not drawn each time."""
    for status in (403, 404):
        monkeypatch.setattr(urls, f"handler{status}", Plain(status), raising=False)


class Plain:
    def __init__(self, status: int) -> None:
        self.status = status

    def __call__(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        return HttpResponse(status=self.status)
