"""Predictions asked for over the API and on the page: redesigns of the truth file, estimates, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from opsboard.core.models import Job, Role, User, Workspace
from processes import services
from processes.analysis import log_from
from processes.models import Drawing, EventLog, Process, Simulation, Staffing
from processes.tasks import simulate
from tests.metrics.test_api import post, program

pytestmark = pytest.mark.django_db
BASE = "/api/v1/north-plant"
HERE = "data/processes/what-if"
PACK = ["Prepare acceptance pack", "Approve and send acceptance pack"]
TIMERS = ["Event_1g228xj", "Event_19s1gwa", "Event_0ygf1qj", "Event_18md465", "Event_0m4nhkw"]
ASKED: dict[str, list[dict[str, Any]]] = {
    "no-delays": [{"move": "eliminate", "steps": TIMERS}],
    "halve-heaviest": [{"move": "duration", "steps": ["Applicant completes form"], "factor": 0.5}],
    "eliminate-heaviest": [{"move": "eliminate", "steps": ["Applicant completes form"]}],
    "parallelise": [{"move": "parallelise", "steps": PACK}],
    "merge": [{"move": "merge", "steps": PACK}],
    "add-person-1": [{"move": "resource", "role": "Appraiser", "change": 1}],
    "add-person-2": [{"move": "resource", "role": "Clerk", "change": 1}],
}


@pytest.fixture
def client(workspace: Workspace, anna: User, now: datetime) -> Client:
    return program(workspace, anna, Role.EDITOR, now)


@pytest.fixture
def process(workspace: Workspace, now: datetime) -> Process:
    return Process.objects.create(workspace=workspace, name="Loan application", created_at=now)


@pytest.fixture
def log(process: Process, shared: Path, anna: User, now: datetime) -> EventLog:
    import polars as pl  # noqa: PLC0415

    moments = [pl.col(name).str.to_datetime(time_zone="UTC", time_unit="us") for name in ("start", "end")]
    frame = pl.read_csv(shared / HERE / "loan-application-5-timers.as-is.csv.gz").rename({"case_id": "case"})
    frame = frame.with_columns(pl.col("case").cast(pl.String), *moments)
    bpmn = (shared / HERE / "loan-application-5-timers.bpmn").read_text()
    Drawing.objects.create(workspace=process.workspace, process=process, number=1, bpmn=bpmn, at=now)
    return services.store_log(process=process, log=log_from(frame), name="as-is", by=anna, now=now)


def asked(client: Client, address: str, **body: Any) -> Job:
    answer = post(client, f"{address}/simulations", body)
    assert answer.status_code == 202, answer.content
    simulate(answer.json()["job"])
    return Job.objects.get(pk=answer.json()["job"])


def test_each_redesign_can_be_asked_for_and_comes_out_as_it_did(client: Client, log: EventLog, shared: Path) -> None:
    Staffing.objects.create(workspace=log.workspace, process=log.process, role="Appraiser", cost_an_hour="80")
    scenarios = json.loads((shared / HERE / "loan-application-5-timers.whatif.json").read_text())["scenarios"]
    real = {one["id"]: one["lead_time_mean_s"] / scenarios[0]["lead_time_mean_s"] - 1 for one in scenarios[1:]}
    assert set(real) == set(ASKED)
    for name, moves in ASKED.items():
        job = asked(client, f"logs/{log.pk}", moves=moves, replications=3)
        assert job.state == Job.State.DONE, job.error
        found = job.result
        assert found["change"]["mean"] == pytest.approx(real[name], abs=0.1), name
        low, high = found["change"]["interval"]
        assert low <= found["change"]["mean"] <= high or name in ("parallelise", "merge")
        for side in ("as_is", "to_be"):
            lead = found[side]["lead_time"]
            assert lead["p50"] < lead["p90"]
            assert lead["interval"][0] < lead["mean"] < lead["interval"][1]
            assert found[side]["cost"]["currency"] == log.workspace.currency
        assert set(found["as_is"]["load"]) == {
            "AML Investigator", "Applicant", "Appraiser", "Clerk", "Loan Officer", "Senior Officer",
        }  # fmt: skip
        assert 0 <= found["backtest_error"] < 0.1
        assert found["cases"] == 1000
    row = Simulation.objects.get(pk=found["simulation"])
    assert row.result["change"] == found["change"]
    told = client.get(f"{BASE}/simulations/{row.pk}").json()
    assert (told["moves"], told["log"]) == (ASKED["add-person-2"], log.pk)
    listed = client.get(f"{BASE}/processes/{log.process_id}/simulations?limit=2").json()
    assert [one["id"] for one in listed["items"]] == [row.pk, row.pk - 1]
    assert listed["next"]


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ([{"move": "eliminate", "steps": ["Dance"]}], "There is no step “Dance”"),
        ([{"move": "resource", "role": "Appraiser", "change": -2}], "Nobody would be left in the role “Appraiser”"),
        ([{"move": "parallelise", "steps": ["Assess loan risk", "Design loan offer"]}], "is decided there"),
        ([{"move": "merge", "steps": ["AML Check", "Reject application"]}], "never follow one another"),
        ([{"move": "automate", "steps": []}], "Say which step"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    client: Client, log: EventLog, moves: list[dict[str, Any]], words: str
) -> None:
    job = asked(client, f"logs/{log.pk}", moves=moves, replications=2)
    assert job.state == Job.State.FAILED
    assert words in job.error


def test_wrong_questions_are_told_at_once(
    client: Client, process: Process, stranger: User, other_workspace: Workspace, now: datetime
) -> None:
    address = f"processes/{process.pk}/simulations"
    for body, words in (
        ({"moves": [{"move": "explode"}]}, "merge"),
        ({"moves": [{"move": "arrival", "factor": -1}]}, "0"),
        ({"moves": [], "replications": 1}, "2"),
        ({"moves": []}, "nothing to simulate yet"),
    ):
        answer = post(client, address, body)
        assert answer.status_code == 422, body
        assert words in answer.content.decode()
    assert post(client, f"logs/{2**70}/simulations", {"moves": []}).status_code == 404
    assert not Simulation.objects.exists()


def test_a_drawing_with_typed_numbers_is_estimated(
    client: Client, process: Process, shared: Path, now: datetime
) -> None:
    bpmn = (shared / HERE / "loan-application.bpmn").read_text()
    Drawing.objects.create(workspace=process.workspace, process=process, number=1, bpmn=bpmn, at=now)
    refused = post(client, f"processes/{process.pk}/simulations", {"moves": []})
    assert "how many cases a month" in refused.content.decode()
    job = asked(client, f"processes/{process.pk}", moves=[], a_month=40, cases=200, replications=2)
    assert job.state == Job.State.DONE, job.error
    assert job.result["estimate"] is True
    assert job.result["backtest_error"] is None


def test_the_page_asks_step_by_step_and_tells_the_answer_in_sentences(
    sign_in: Callable[[User], Client], log: EventLog, anna: User, victor: User
) -> None:
    page = sign_in(anna)
    address = f"/north-plant/processes/{log.process_id}/what-if/"
    first = page.get(address)
    assert "What would you change?" in first.content.decode()
    assert '<option value="Appraiser">Appraiser</option>' in first.content.decode()
    wrong = page.post(f"{address}?move=merge", {"steps": ["AML Check"]})
    assert wrong.status_code == 422
    assert "This takes two steps or more." in wrong.content.decode()
    answer = page.post(f"{address}?move=resource", {"role": "Appraiser", "change": "1"})
    row = Simulation.objects.get()
    assert answer.headers["Location"] == f"{row.get_absolute_url()}?move=resource"
    assert row.moves == [{"move": "resource", "role": "Appraiser", "change": 1}]
    waiting = page.get(row.get_absolute_url()).content.decode()
    assert "every 1s" in waiting
    Simulation.objects.update(replications=5)
    simulate(row.job_id)
    with CaptureQueriesContext(connection) as queries:
        shown = page.get(row.get_absolute_url()).content.decode()
    assert len(queries) <= 30
    assert "1 more person in “Appraiser”" in shown
    found = re.search(r"(Cases would|No difference)[^<]*", shown)
    assert found is not None
    assert "less time" in found.group()
    assert "“Appraiser” would be relieved" in shown
    assert "Learnt from the first 70% of the cases" in shown
    assert "every 1s" not in shown
    # One more change stands on the first; one of them can be left out again.
    page.post(
        f"{row.get_absolute_url()}?move=duration", {"steps": ["AML Check", "Appraise property"], "percent": "-50"}
    )
    second = Simulation.objects.latest("id")
    assert [one["move"] for one in second.moves] == ["resource", "duration"]
    assert second.moves[1]["factor"] == 0.5
    page.post(f"{second.get_absolute_url()}without/0/")
    assert [one["move"] for one in Simulation.objects.latest("id").moves] == ["duration"]
    # Those who may only read see the answer, and nothing to press.
    read = sign_in(victor).get(row.get_absolute_url())
    assert "less time" in read.content.decode()
    assert '<form method="post" action="/north-plant/processes' not in read.content.decode()
    assert sign_in(victor).post(address, {"role": "Appraiser", "change": "1"}).status_code == 403


def test_a_process_without_anything_teaches_what_to_bring(
    sign_in: Callable[[User], Client], process: Process, anna: User, shared: Path, now: datetime
) -> None:
    page = sign_in(anna)
    address = f"/north-plant/processes/{process.pk}/what-if/"
    assert "Nothing to predict from yet" in page.get(address).content.decode()
    bpmn = (shared / HERE / "loan-application.bpmn").read_text()
    Drawing.objects.create(workspace=process.workspace, process=process, number=1, bpmn=bpmn, at=now)
    assert "Cases a month" in page.get(f"{address}?move=eliminate").content.decode()
    assert page.post(f"{address}?move=eliminate", {"steps": ["AML Check"]}).status_code == 422
    page.post(f"{address}?move=eliminate", {"steps": ["AML Check"], "a_month": "40"})
    assert Simulation.objects.get().a_month == 40
