"""How long the board with many actions takes, and a move on it, beside a bare Django page with one query in the same run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from benchmarks.pages import bare_page, p95
from opsboard.core.models import Role
from opsboard.core.services import add_member, create_admin, create_workspace
from opsboard.work.models import Action

NAMES = ("board-page", "board-move")
ACTIONS = 500


def figures() -> Iterator[dict[str, Any]]:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    workspace = create_workspace(name="Board", slug="bench-board")
    admin = create_admin(email="board@north.example", password="a long enough password")
    add_member(workspace=workspace, user=admin, role=Role.ADMIN)
    now = timezone.now()
    states = ("to_do", "doing", "done")
    Action.objects.bulk_create(
        Action(
            workspace=workspace, title=f"Action {number}", owner=admin, opened_by=admin, opened_at=now,
            state=states[number % 3], closed_at=now if number % 3 == 2 else None, position=number * 1024.0,
            due_on=now.date(),
        )
        for number in range(ACTIONS)
    )  # fmt: skip
    client = Client()
    client.force_login(admin, backend=settings.AUTHENTICATION_BACKENDS[0])
    floor = bare_page()
    yield {
        "name": "board-page", "ours": p95(lambda: client.get("/bench-board/work/")), "unit": f"ms p95, {ACTIONS} actions",
        "beside": floor, "beside_what": "a bare Django page with one query", "limit": 1000,
    }  # fmt: skip
    card = Action.objects.filter(workspace=workspace, state="to_do").latest("pk")
    places = itertools.cycle((3, 90, 40, 150))

    def move() -> None:
        answer = client.post(
            f"/bench-board/work/actions/{card.pk}/move/", {"column": "doing", "position": next(places)}
        )
        assert answer.status_code == 303

    yield {
        "name": "board-move", "ours": p95(move), "unit": f"ms p95, {ACTIONS} actions", "beside": floor,
        "beside_what": "a bare Django page with one query", "limit": 150,
    }  # fmt: skip
