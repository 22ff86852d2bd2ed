"""Programs order a report and fetch its file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from opsboard.core.contract import Section
from opsboard.core.models import ApiToken, Job, Role, User, Workspace
from opsboard.core.services.tokens import hash_secret
from opsboard.reports import tasks

pytestmark = pytest.mark.django_db


def program(workspace: Workspace, owner: User, role: Role = Role.EDITOR) -> Client:
    now = datetime.now(UTC)
    ApiToken.objects.create(
        workspace=workspace, owner=owner, name="t", role=role, token_hash=hash_secret(f"ops_{owner.pk}{role}"), hint="ops",
        created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    return Client(headers={"authorization": f"Bearer ops_{owner.pk}{role}"})


def ordered(client: Client, key: str = "1", **body: Any) -> Any:
    return client.post(
        "/api/v1/north-plant/reports", body, content_type="application/json", headers={"idempotency-key": key}
    )


def test_a_program_orders_a_report_waits_and_fetches_it(
    workspace: Workspace, anna: User, sections: list[Section]
) -> None:
    client = program(workspace, anna)
    answer = ordered(client, title="Board", period="2026-W46", language="zh-hans", sections=["metrics.week"])
    assert answer.status_code == 202
    job = answer.json()["job"]
    tasks.make_issue(job)
    state = client.get(f"/api/v1/north-plant/jobs/{job}").json()
    assert state["state"] == "done"
    number = state["result"]["id"]
    file = client.get(f"/api/v1/north-plant/reports/{number}/file")
    assert file["Content-Type"] == "application/pdf"
    assert b"".join(file.streaming_content).startswith(b"%PDF-1.7")  # type: ignore[attr-defined]
    (row,) = client.get("/api/v1/north-plant/reports").json()["items"]
    assert (row["id"], row["issues"], row["latest_period"]) == (number, 1, "2026-W46")
    (issue,) = client.get(f"/api/v1/north-plant/reports/{number}/issues").json()["items"]
    assert issue["ready"] is True
    assert issue["pages"] == 2


def test_a_week_may_be_called_week(workspace: Workspace, anna: User, sections: list[Section]) -> None:
    client = program(workspace, anna)
    assert ordered(client, week="2026-W46").status_code == 202
    (row,) = client.get("/api/v1/north-plant/reports").json()["items"]
    (issue,) = client.get(f"/api/v1/north-plant/reports/{row['id']}/issues").json()["items"]
    assert issue["period"] == "2026-W46"


def test_an_empty_order_makes_the_running_week_with_every_part(
    workspace: Workspace, anna: User, sections: list[Section]
) -> None:
    answer = ordered(program(workspace, anna))
    assert answer.status_code == 202
    assert Job.objects.get(pk=answer.json()["job"]).queue == "pdf"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"period": "last week"}, "period"),
        ({"period": "2026-W54"}, "period"),
        ({"period": "2026-11-18"}, "period"),
        ({"period": "2999-W01"}, "period"),
        ({"language": "tlh"}, "language"),
        ({"sections": ["nobody.week"]}, "sections"),
        ({"team": 4711}, "team"),
        ({"title": "x" * 121}, "title"),
        ({"sections": "metrics.week"}, "sections"),
        ({"team": 2**70}, "team"),
    ],
)
def test_a_wrong_order_names_its_field(
    workspace: Workspace, anna: User, sections: list[Section], body: dict[str, Any], field: str
) -> None:
    answer = ordered(program(workspace, anna), **body)
    assert answer.status_code == 422
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert not Job.objects.exists()


def test_a_report_without_a_ready_issue_has_no_file(workspace: Workspace, anna: User, sections: list[Section]) -> None:
    client = program(workspace, anna)
    ordered(client)
    (row,) = client.get("/api/v1/north-plant/reports").json()["items"]
    assert client.get(f"/api/v1/north-plant/reports/{row['id']}/file").status_code == 404
    assert client.get("/api/v1/north-plant/reports/999999/file").status_code == 404
    assert client.get(f"/api/v1/north-plant/reports/{2**80}/file").status_code in {404, 422}


def test_a_viewers_token_reads_but_orders_nothing(workspace: Workspace, anna: User) -> None:
    client = program(workspace, anna, Role.VIEWER)
    assert ordered(client).status_code == 403
    assert client.get("/api/v1/north-plant/reports").status_code == 200


def test_pages_of_the_list_follow_each_other(workspace: Workspace, anna: User, sections: list[Section]) -> None:
    client = program(workspace, anna)
    for title in ("a", "b", "c"):
        ordered(client, key=title, title=title)
    first = client.get("/api/v1/north-plant/reports?limit=2").json()
    second = client.get(f"/api/v1/north-plant/reports?limit=2&cursor={first['next']}").json()
    assert [row["title"] for row in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next"] is None
    assert client.get("/api/v1/north-plant/reports?cursor=xyz").status_code == 422
