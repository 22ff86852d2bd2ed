"""Event logs through the API: their columns guessed, the facts of other tools reproduced, and one log that grows."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from opsboard.core import imports
from opsboard.core.models import Job, Role, User, Workspace
from processes.models import EventLog, Process
from processes.services import LOGS
from tests.metrics.test_api import post, program
from tests.processes.test_logs import HERE, differences

pytestmark = pytest.mark.django_db
BASE = "/api/v1/north-plant"
# What a file's columns cannot tell by themselves: by which clock local times are meant.
SAID = {"running-example.xlsx": {"timezone": "Europe/Berlin"}, "callcenter-example.csv": {"timezone": "UTC"}}
FILES = [
    ("running-example.csv", "running-example"), ("running-example-semicolon.csv", "running-example"),
    ("running-example.xlsx", "running-example"), ("running-example.xes", "running-example"),
    ("receipt.xes.gz", "receipt"), ("purchasing-example.csv.gz", "purchasing-example"),
    ("consulta-data-mining.csv.gz", "consulta-data-mining"), ("callcenter-example.csv", "callcenter-example"),
    ("patients.csv", "patients"), ("patients-lifecycle.csv", "patients"), ("traffic-fines-10k.csv", "traffic-fines-10k"),
    ("what-if/loan-application.csv.gz", "what-if/loan-application"),
    ("what-if/loan-application-1-timer.csv.gz", "what-if/loan-application-1-timer"),
    ("what-if/loan-application-5-timers.csv.gz", "what-if/loan-application-5-timers"),
    ("what-if/loan-application-5-timers.as-is.csv.gz", "what-if/loan-application-5-timers.as-is"),
]  # fmt: skip


@pytest.fixture
def client(workspace: Workspace, anna: User, now: datetime) -> Client:
    return program(workspace, anna, Role.EDITOR, now)


@pytest.fixture
def process(workspace: Workspace, now: datetime) -> Process:
    return Process.objects.create(workspace=workspace, name="Order fulfilment", created_at=now)


def bring(client: Client, process: Process, name: str, content: bytes, **mapping: Any) -> Job:
    more = {"log": mapping.pop("log")} if "log" in mapping else {}
    answer = client.post(
        f"{BASE}/processes/{process.pk}/logs",
        {"file": SimpleUploadedFile(name, content), "mapping": json.dumps(mapping), **more},
    )
    assert answer.status_code == 202, answer.content
    imports.carry_out(LOGS, answer.json()["job"])
    return Job.objects.get(pk=answer.json()["job"])


@pytest.mark.parametrize(("name", "truth"), FILES, ids=[one[0] for one in FILES])
def test_a_file_becomes_a_log_with_the_facts_that_other_tools_computed(
    client: Client, process: Process, shared: Path, monkeypatch: pytest.MonkeyPatch, name: str, truth: str
) -> None:
    monkeypatch.setattr("opsboard.core.imports.importer.LONG", 0)  # plain files are read as very long ones are
    path = shared / HERE / name
    job = bring(client, process, path.name, path.read_bytes(), **SAID.get(name, {}))
    assert (job.state, job.errors) == ("done", []), job.error
    log = f"{BASE}/logs/{job.result['log']}"
    expected = json.loads((shared / HERE / f"{truth}.truth.json").read_text())["all_events"]
    told = client.get(log).json()
    for name in ("first_event", "last_event"):
        told[name], expected[name] = (str(datetime.fromisoformat(one[name])) for one in (told, expected))
    assert not differences(told, expected)
    drawn = client.get(f"{log}/map").json()
    assert {one["name"]: one["count"] for one in drawn["activities"]} == expected["activity_counts"]
    assert {(one["from"], one["to"]): one["count"] for one in drawn["arcs"]} == {
        (one["from"], one["to"]): one["count"] for one in expected["dfg"]
    }
    assert (drawn["start_activities"], drawn["coverage"]) == (expected["start_activities"], 1.0)
    paths = client.get(f"{log}/variants", {"limit": 10}).json()
    assert [{"cases": one["cases"], "trace": one["trace"]} for one in paths["items"]] == expected["top_variants"]
    assert paths["total"] == expected["variants"]
    if "interval_view" in expected:
        assert not differences(client.get(log, {"view": "interval_view"}).json(), expected["interval_view"])


def test_a_log_grows_and_the_same_again_changes_nothing(client: Client, process: Process, shared: Path) -> None:
    content = (shared / HERE / "patients-lifecycle.csv").read_bytes()
    head, *lines = content.decode().splitlines(keepends=True)
    lines.sort(key=lambda line: line.rsplit(",", 1)[1])  # as it happened: some begun work ends in the second half
    half = len(lines) // 2
    first = bring(client, process, "a.csv", (head + "".join(lines[:half])).encode())
    log = first.result["log"]
    assert "begun and not ended" in first.result["notes"][0]
    more = bring(client, process, "b.csv", (head + "".join(lines[half - 100 :])).encode(), log=log)
    assert (more.result["written"], more.result["unchanged"]) == (len(lines) - half, 100)
    again = bring(client, process, "c.csv", content, log=log)
    assert (again.result["written"], again.result["unchanged"]) == (0, len(lines))
    row = EventLog.objects.get(pk=log)
    assert (row.cases, row.events, row.revision, EventLog.objects.count()) == (500, 2721, 2, 1)
    truth = json.loads((shared / HERE / "patients.truth.json").read_text())["all_events"]
    told = client.get(f"{BASE}/logs/{log}").json()
    assert not differences(told["case_duration_seconds"], truth["case_duration_seconds"])
    assert told["flow_efficiency"] == pytest.approx(truth["interval_view"]["flow_efficiency_overall"], abs=1e-6)


def test_single_events_come_as_they_happen(client: Client, process: Process) -> None:
    def send(*events: dict[str, Any]) -> Any:
        return post(client, f"processes/{process.pk}/events", {"events": list(events)})

    packed = {"case": "NA", "activity": "Pack", "start": "2026-11-02T09:00:00+08:00"}
    begun = send(packed)
    assert begun.json()["written"] == 1, begun.content
    log = begun.json()["log"]
    assert client.get(f"{BASE}/logs/{log}").json()["cases"] == 0
    done = {"case": "NA", "activity": "Pack", "end": "2026-11-02T10:00:00+08:00", "resource": " Wang  Wei "}
    sent = {"case": "NA", "activity": "Send", "end": "2026-11-02T12:00:00"}  # by the workspace's clock, in Shanghai
    assert send(done, sent).json() == {"log": log, "written": 2, "unchanged": 0}
    assert send(packed, done, sent).json() == {"log": log, "written": 0, "unchanged": 3}
    told = client.get(f"{BASE}/logs/{log}", {"view": "steps"}).json()
    assert (told["cases"], told["events"], told["case_duration"]["mean"], told["lead_time"]["mean"]) == (
        1,
        2,
        7200,
        10800,
    )
    assert told["last_event"] == "2026-11-02T04:00:00+00:00"
    backwards = send({**packed, "end": "2026-11-02T08:00:00+08:00"})
    assert backwards.status_code == 422
    nothing = send({"case": "1", "activity": "Pack"})
    assert nothing.json()["errors"][0]["message"] == "There is no time."
    assert send().status_code == 422
    assert EventLog.objects.get().events == 2


def test_conditions_combine_and_a_wrong_one_is_told(client: Client, process: Process, shared: Path) -> None:
    content = (shared / HERE / "purchasing-example.csv.gz").read_bytes()
    log = f"{BASE}/logs/{bring(client, process, 'p.csv.gz', content).result['log']}"

    def asked(place: str = "", **wanted: Any) -> Any:
        return client.get(f"{log}{place}", {"filter": json.dumps(wanted), "view": "steps"}).json()

    whole, paid = asked(), asked(touched=["Pay Invoice"])
    unpaid = asked(untouched=["Pay Invoice"])
    assert 0 < paid["cases"] < whole["cases"] == paid["cases"] + unpaid["cases"]
    slow = asked(touched=["Pay Invoice"], longer=30 * 86400, resources=["Karel de Groot"])
    assert 0 < slow["cases"] < paid["cases"]
    listed = asked("/cases", touched=["Pay Invoice"], longer=30 * 86400, resources=["Karel de Groot"])
    assert listed["total"] == slow["cases"]
    assert listed["items"][0]["duration"] == max(one["duration"] for one in listed["items"]) >= 30 * 86400
    path = asked("/variants")["items"][0]
    assert asked(variants=[path["variant"]])["cases"] == path["cases"]
    assert asked("/map", variants=[path["variant"]])["cases"] == path["cases"]
    march = asked(since="2011-03-01", until="2011-04-01")
    assert 0 < march["cases"] < whole["cases"]
    follows = asked(follows=[["Amend Request for Quotation", "Analyze Request for Quotation"]])
    assert 0 < follows["cases"] <= whole["cases"]
    shown = client.get(f"{log}/map", {"steps": "18", "share": "0.9"}).json()
    assert len(shown["activities"]) <= 18
    assert 0 < shown["coverage"] < 1
    working = client.get(f"{log}/map", {"calendar": "workspace"}).json()
    plain = client.get(f"{log}/map").json()
    assert sum(one["mean"] * one["count"] for one in working["arcs"]) < sum(
        one["mean"] * one["count"] for one in plain["arcs"]
    )
    for query, field in (
        ({"filter": "[1]"}, "filter"), ({"filter": '{"since": "soon"}'}, "filter"), ({"filter": '{"moon": 1}'}, "filter"),
        ({"filter": '{"attributes": {"event:no": ["x"]}}'}, "filter"), ({"view": "birds_eye"}, "view"),
        ({"view": "name_plus_transition"}, "view"),
    ):  # fmt: skip
        refused = client.get(log, query)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.content


BAD = "case,step,time\n1,a,2026-01-05 09:00\n1,,2026-01-05 10:00\n2,b,soon\n3,c,\n"


def test_a_bad_file_leaves_nothing_behind_and_says_why(client: Client, process: Process) -> None:
    columns = {"case": "case", "activity": "step", "end": "time"}
    job = bring(client, process, "bad.csv", BAD.encode(), **columns)
    assert (job.state, EventLog.objects.count()) == ("failed", 0)
    assert [(one["row"], one["column"]) for one in job.errors] == [(3, "step"), (4, "time")]
    backwards = "case,step,start,end\n1,a,2026-01-05 09:00,2026-01-05 08:00\n1,b,2026-01-05 10:00,2026-01-05 11:00\n"
    job = bring(client, process, "b.csv", backwards.encode())
    assert (job.state, job.errors[0]["row"], job.errors[0]["message"][:26]) == (
        "failed",
        2,
        "It ends before it starts: ",
    )
    job = bring(client, process, "b.csv", backwards.encode(), bad_rows="leave_out")
    assert (job.state, job.result["events"]) == ("done", 1)
    assert job.result["notes"] == ["1 row with something wrong was left out."]
    many = "case,step,time\n" + "".join(f"1,step {at},2026-01-05 09:00\n" for at in range(2100))
    assert "no process has more than" in bring(client, process, "many.csv", many.encode(), **columns).error
    long = f"case,step,time\n1,a,2026-01-05\n1,{'x' * 201},2026-01-06\n"
    assert "longer than 200" in bring(client, process, "long.csv", long.encode(), **columns).errors[0]["message"]
    assert "no traces" in bring(client, process, "empty.xes", b"<log/>").error
    assert EventLog.objects.count() == 1


def test_a_single_event_and_all_at_once_are_logs(client: Client, process: Process) -> None:
    for rows in ("1,a,2026-01-05 09:00\n", "".join(f"{at % 3},s{at % 2},2026-01-05 09:00\n" for at in range(9))):
        job = bring(client, process, "small.csv", f"case,step,time\n{rows}".encode())
        assert (job.state, job.error) == ("done", "")
        log = f"{BASE}/logs/{job.result['log']}"
        told = client.get(log).json()
        assert (told["case_duration"]["max"], told["events"]) == (0, rows.count("\n"))
        assert client.get(f"{log}/map", {"steps": 5}).json()["coverage"] == 1
        assert client.get(f"{log}/cases").json()["total"] == told["cases"]
        assert client.get(process.get_absolute_url()).status_code == 302  # a token opens no page


def test_a_bad_mapping_is_told_at_once(client: Client, process: Process) -> None:
    def send(mapping: Any, content: bytes = b"a,b\n1,2\n") -> Any:
        return client.post(
            f"{BASE}/processes/{process.pk}/logs",
            {"file": SimpleUploadedFile("a.csv", content), "mapping": json.dumps(mapping)},
        )

    for mapping, content in (({"colour": "a"}, b"a,b\n1,2\n"), ([1], b"a,b\n1,2\n"), ({}, b"")):
        assert send(mapping, content).status_code == 422
    assert client.get(f"{BASE}/logs/99999999999999999999").status_code in (404, 422)
