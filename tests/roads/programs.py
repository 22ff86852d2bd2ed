"""What a program sends."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from opsboard.core.models import Workspace


def by_program(workspace: Workspace, token: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
    answer = Client().post(
        f"/api/v1/{workspace.slug}/{name}", json.dumps(content), content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.status_code in {200, 201}, answer.content
    taken: dict[str, Any] = answer.json()
    return taken
