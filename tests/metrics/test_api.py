"""Programs define metrics, write points and read them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from metrics.models import Metric, Point
from metrics.services import POINTS
from opsboard.core import imports
from opsboard.core.models import Role, User, Workspace
from opsboard.core.services.tokens import issue_token

pytestmark = pytest.mark.django_db


def program(workspace: Workspace, owner: User, role: Role, now: datetime) -> Client:
    present = datetime.now(UTC)
    _row, secret = issue_token(
        workspace=workspace, owner=owner, name="Bridge", role=role, now=present, life=timedelta(days=1)
    )
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1/north-plant/{path}", json.dumps(body), content_type="application/json")


TAXI = {"key": "taxi", "name": "Taxi rides", "unit": "rides", "direction": "up", "aggregation": "sum", "grain": "hour"}


def test_points_are_written_once_and_read_by_any_grain(workspace: Workspace, anna: User, now: datetime) -> None:
    client = program(workspace, anna, Role.EDITOR, now)
    made = post(client, "metrics", TAXI)
    assert made.status_code == 201, made.content
    assert made.json()["indicator"] == "metrics.value:taxi"
    points = {"points": [
        {"at": "2026-11-02T01:00:00Z", "value": 3, "labels": {"zone": "north"}},
        {"at": "2026-11-02T09:30:00+08:00", "value": 4, "labels": {"zone": "south"}},
        {"at": "2026-11-02T11:00:00", "value": 5},
    ]}  # fmt: skip
    assert post(client, "metrics/taxi/points", points).json() == {"written": 3, "unchanged": 0, "revised": 0}
    assert post(client, "metrics/taxi/points", points).json() == {"written": 0, "unchanged": 3, "revised": 0}
    read = client.get("/api/v1/north-plant/metrics/taxi/points").json()
    assert [(one["at"], one["value"]) for one in read["points"]] == [
        ("2026-11-02T01:00:00Z", 7), ("2026-11-02T03:00:00Z", 5),
    ]  # fmt: skip
    daily = client.get("/api/v1/north-plant/metrics/taxi/points", {"grain": "day", "labels": '{"zone": "south"}'})
    assert [(one["at"], one["value"]) for one in daily.json()["points"]] == [("2026-11-01T16:00:00Z", 4)]
    parted = client.get("/api/v1/north-plant/metrics/taxi/points", {"grain": "day", "by": "zone"}).json()
    assert sorted((one["labels"].get("zone", ""), one["value"]) for one in parted["points"]) == [
        ("", 5), ("north", 3), ("south", 4),
    ]  # fmt: skip
    assert [one["key"] for one in client.get("/api/v1/north-plant/metrics").json()["items"]] == ["taxi"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**TAXI, "direction": "sideways"}, 422),
        ({**TAXI, "key": "Taxi Rides!"}, 422),
        ({**TAXI, "name": ""}, 422),
        ({**TAXI, "timezone": "Mars/Olympus"}, 422),
        ({**TAXI, "owner": 999_999}, 422),
        ("no object", 422),
    ],
)
def test_what_makes_no_metric_is_refused(
    workspace: Workspace, anna: User, now: datetime, body: Any, status: int
) -> None:
    assert post(program(workspace, anna, Role.EDITOR, now), "metrics", body).status_code == status
    assert not Metric.objects.exists()


def test_a_key_is_taken_once(workspace: Workspace, anna: User, now: datetime) -> None:
    client = program(workspace, anna, Role.EDITOR, now)
    post(client, "metrics", TAXI)
    answer = post(client, "metrics", TAXI)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "point",
    [
        {"at": "yesterday", "value": 1},
        {"at": "2026-11-02T01:00:00Z", "value": "many"},
        {"at": "2026-11-02T01:00:00Z", "value": 1, "weight": -2},
        {"at": "0001-01-01T00:00:00Z", "value": 1},
        {"at": "2026-11-02T01:00:00Z", "value": 1, "labels": {"zone": "x" * 300}},
    ],
)
def test_one_wrong_point_and_none_is_written(
    workspace: Workspace, anna: User, now: datetime, point: dict[str, Any]
) -> None:
    client = program(workspace, anna, Role.EDITOR, now)
    post(client, "metrics", TAXI)
    answer = post(client, "metrics/taxi/points", {"points": [{"at": "2026-11-01T01:00:00Z", "value": 1}, point]})
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert not Point.objects.exists()


def test_a_viewers_program_reads_and_does_not_write(workspace: Workspace, anna: User, now: datetime) -> None:
    post(program(workspace, anna, Role.EDITOR, now), "metrics", TAXI)
    reader = program(workspace, anna, Role.VIEWER, now)
    assert reader.get("/api/v1/north-plant/metrics/taxi").status_code == 200
    assert post(reader, "metrics/taxi/points", {"points": []}).status_code == 403
    assert reader.get("/api/v1/north-plant/metrics/unknown/points").status_code == 404


def test_a_file_is_taken_and_brought_in_by_a_job(workspace: Workspace, anna: User, now: datetime) -> None:
    client = program(workspace, anna, Role.EDITOR, now)
    post(client, "metrics", TAXI)
    path = "/api/v1/north-plant/imports/metrics"
    file = SimpleUploadedFile("taxi.csv", b"timestamp,value\n2026-11-02 10:00,5\n2026-11-02 11:00,6\n")
    answer = client.post(
        path, {"file": file, "mapping": json.dumps({"key": "taxi", "at": "timestamp", "value": "value"})}
    )
    assert answer.status_code == 202, answer.content
    imports.carry_out(POINTS, answer.json()["job"])
    job = client.get(f"/api/v1/north-plant/jobs/{answer.json()['job']}").json()
    assert (job["state"], job["result"]["written"], job["error"]) == ("done", 2, None)


@pytest.mark.parametrize(
    "mapping",
    ["{", "[]", '{"key": "nobody"}', '{"key": "taxi", "colour": "x"}', '{"key": "taxi", "at": 5}', "{}",
     '{"key": "taxi", "timezone": "Mars/Olympus"}', '{"key": "taxi", "date_order": "x"}'],
)  # fmt: skip
def test_a_mapping_that_cannot_work_is_refused_at_once(
    workspace: Workspace, anna: User, now: datetime, mapping: str
) -> None:
    client = program(workspace, anna, Role.EDITOR, now)
    post(client, "metrics", TAXI)
    file = SimpleUploadedFile("taxi.csv", b"timestamp,value\n2026-11-02 10:00,5\n")
    answer = client.post("/api/v1/north-plant/imports/metrics", {"file": file, "mapping": mapping})
    assert answer.status_code == 422, answer.content
