"""From a file to the real map in five clicks, with the first cases read out before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from opsboard.core import imports
from opsboard.core.models import ImportRun, User, Workspace
from processes.models import EventLog, Process
from processes.services import LOGS
from tests.processes.test_logs import HERE

pytestmark = pytest.mark.django_db
HOME = "/north-plant/processes/"
UPLOAD = f"{HOME}import/"
type SignIn = Callable[[User], Client]


def upload(client: Client, name: str, content: bytes, query: str = "") -> str:
    answer = client.post(f"{UPLOAD}{query}", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 303, answer.content
    return str(answer.url)  # type: ignore[attr-defined]


def chosen(shown: str) -> dict[str, str]:
    """What the page would send as it stands."""
    found = re.findall(r'name="(column_\d+)">.*?<option value="(\w+)" selected', shown, re.DOTALL)
    return {"step": "import", **dict(found)}


def test_a_file_becomes_the_real_map_and_a_later_one_makes_it_grow(
    workspace: Workspace, anna: User, sign_in: SignIn, shared: Path
) -> None:
    client = sign_in(anna)
    content = (shared / HERE / "purchasing-example.csv.gz").read_bytes()
    here = upload(client, "purchasing_example.csv.gz", content)
    shown = client.get(here).content.decode()
    for words in ("Case 1", "begins", "“Create Purchase Requisition” by Kim Passa", "later “Create Request for Quotation”", "and 13 more steps"):  # fmt: skip
        assert words in shown
    answer = client.post(here, {**chosen(shown), "process": "+", "create": "Purchasing"})
    assert answer.status_code == 303, answer.content
    run = ImportRun.objects.get()
    assert run.job is not None
    imports.carry_out(LOGS, run.job.pk)
    waited = client.get(here, headers={"HX-Request": "true"})
    process = Process.objects.get()
    assert waited["HX-Redirect"] == process.get_absolute_url()
    came = client.get(here).content.decode()
    assert "608 cases, 9,119 events, 21 different steps" in came
    # Once more into the same process: asked for by the address, and nothing is counted twice.
    again = upload(client, "purchasing_again.csv.gz", content, f"?process={process.pk}")
    shown = client.get(again).content.decode()
    assert f'<option value="{process.pk}" selected' in shown
    client.post(again, {**chosen(shown), "process": str(process.pk), "grow": "on"})
    imports.carry_out(LOGS, ImportRun.objects.latest("pk").job.pk)  # type: ignore[union-attr]
    assert "0 new, 0 revised, 9,119 as before" in client.get(again).content.decode()
    log = EventLog.objects.get()
    assert (log.events, log.revision) == (9119, 1)


def test_what_is_not_clear_is_asked_and_read_out_anew(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    rows = "".join(
        f"{at},{step},0{at}/0{day}/2026 10:00\n" for at in (3, 4) for step, day in (("<b>take</b>", 5), ("send", 6))
    )
    here = upload(client, "orders.csv", f"order,status,when\n{rows}".encode())
    shown = client.get(here).content.decode()
    assert "Please choose the order of the dates" in shown
    assert "begins" not in shown
    refused = client.post(here, {**chosen(shown), "create": "Orders"})
    assert refused.status_code == 422
    heard = client.post(here, {**chosen(shown), "step": "look", "date_order": "dmy"}).content.decode()
    assert "“&lt;b&gt;take&lt;/b&gt;”" in heard
    assert "Read out" not in heard
    assert re.search(r"begins <time[^>]*>3 May", heard)


def test_a_xes_file_needs_no_columns_and_a_broken_one_says_why(
    workspace: Workspace, anna: User, sign_in: SignIn, shared: Path
) -> None:
    client = sign_in(anna)
    here = upload(client, "running-example.xes", (shared / HERE / "running-example.xes").read_bytes())
    run = ImportRun.objects.get()
    assert run.job is not None
    imports.carry_out(LOGS, run.job.pk)
    assert "6 cases, 42 events, 8 different steps" in client.get(here).content.decode()
    assert Process.objects.get().name == "Running example"
    broken = upload(client, "broken.xes", (shared / HERE / "malformed-xes" / "traceEventSwapped.xes").read_bytes())
    imports.carry_out(LOGS, ImportRun.objects.latest("pk").job.pk)  # type: ignore[union-attr]
    shown = client.get(broken).content.decode()
    assert "Change how it is read" not in shown
    assert re.search(r'role="alert">[^<]+\.</p>', shown)


def test_the_logs_of_a_process_are_listed_and_deleted(
    workspace: Workspace, anna: User, victor: User, sign_in: SignIn, now: datetime, shared: Path,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    client = sign_in(anna)
    for _ in range(2):
        upload(client, "running-example.xes", (shared / HERE / "running-example.xes").read_bytes())
        imports.carry_out(LOGS, ImportRun.objects.latest("pk").job.pk)  # type: ignore[union-attr]
    first, second = EventLog.objects.order_by("pk")
    place = f"{HOME}{second.process_id}/logs/"
    with django_assert_max_num_queries(12):
        shown = client.get(place).content.decode()
    assert ("Delete this event log?" in shown, "shown" in shown) == (True, True)
    assert "Delete this event log?" not in sign_in(victor).get(place).content.decode()
    assert sign_in(victor).post(f"{place}{second.pk}/delete/").status_code == 403
    path = Path(second.file.file.path)
    client.post(f"{HOME}{first.process_id}/logs/{second.pk}/delete/")  # it is not that process's
    assert EventLog.objects.count() == 2
    client.post(f"{place}{second.pk}/delete/")
    assert list(EventLog.objects.all()) == [first]
    assert path.exists() or "No event log yet" in client.get(place).content.decode()


def test_ten_gigabytes_are_refused_before_they_are_sent(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    shown = client.get(UPLOAD).content.decode()
    assert 'data-limit="1073741824"' in shown
    assert "At most 1073 MB." in shown
    for address in (UPLOAD, "/api/v1/north-plant/processes/1/logs"):
        refused = client.post(address, CONTENT_LENGTH="10000000000")
        assert refused.status_code == 413
        assert "larger than 1073 MB" in refused.content.decode()
