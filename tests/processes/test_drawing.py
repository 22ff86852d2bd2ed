"""Drawing a process: the step table, the diagram, files, versions and the API, all on one document."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from opsboard.core.models import Role, User, Workspace
from opsboard.core.services.tokens import issue_token
from processes import services
from processes.analysis.bpmn import Step, elements, read, steps
from processes.models import Drawing, Process
from processes.services.step_files import NoSteps, steps_in
from processes.services.step_rows import read_rows, shown_rows, then_of

pytestmark = pytest.mark.django_db
HOME = "/north-plant/processes/"
API = "/api/v1/north-plant/processes"
SignIn = Callable[[User], Client]
STEPS = [Step("a", "Take order", "Sales"), Step("b", "Pick", "Warehouse"), Step("c", "Ship", "Warehouse")]


@pytest.fixture
def api(workspace: Workspace, anna: User) -> Client:
    _row, secret = issue_token(
        workspace=workspace, owner=anna, name="Bridge", role=Role.EDITOR, now=timezone.now(), life=timedelta(days=1)
    )
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def orders(workspace: Workspace, anna: User) -> Process:
    earlier = timezone.now() - timedelta(hours=2)
    return services.draw_process(workspace=workspace, by=anna, now=earlier, name="Orders", rows=STEPS)


def rows_of(process: Process) -> list[dict[str, str]]:
    return [dict(row.values) for row in shown_rows(services.drawn(process).steps)]


def send(client: Client, process: Process, rows: list[dict[str, str]], mark: str = "") -> tuple[int, str]:
    mark = mark or services.drawn(process).mark
    given = {"rows": json.dumps(rows), "mark": mark}
    answer = client.post(f"{HOME}{process.pk}/steps/", given, headers={"HX-Request": "true"})
    return answer.status_code, answer.content.decode()


def test_a_table_saves_itself_and_draws_the_map_anew(orders: Process, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    shown = client.get(f"{HOME}{orders.pk}/steps/").content.decode()
    for words in ("Take order", "Warehouse", "<svg", "2 roles", "1 hand-over"):
        assert words in shown
    rows = rows_of(orders)
    rows[1] |= {"working": "10–20–45", "waiting": "1 d", "then": "3 70 % fine, 4 30 %", "output": "<b>List</b>"}
    rows[2] |= {"then": "end"}
    rows.append({"id": "Step_fe", "name": "包装检查", "role": "质检", "then": "2"})
    status, part = send(client, orders, rows)
    assert (status, orders.drawings.count()) == (200, 2)
    assert "包装检查" in part
    assert "fine 70%" in part
    assert "&lt;b&gt;List" in part
    read_back = services.drawn(orders).steps
    assert [then_of(step, {one.id: place for place, one in enumerate(read_back, 1)}) for step in read_back] == [
        "", "3 70 % fine, 4 30 %", "end", "2",
    ]  # fmt: skip
    assert (read_back[1].working.high, read_back[1].waiting.likely) == (2700.0, 86_400.0)  # type: ignore[union-attr]
    assert send(client, orders, rows_of(orders))[0] == 200
    assert orders.drawings.count() == 2, "what says the same is no version"
    send(client, orders, [{**row, "name": f"{row['name']}!"} for row in rows_of(orders)])
    assert orders.drawings.count() == 2, "what one person types in one sitting is one version"
    Drawing.objects.filter(number=2).update(at=timezone.now() - timedelta(hours=1))
    send(client, orders, [{**row, "role": "Everybody"} for row in rows_of(orders)])
    assert orders.drawings.count() == 3


def test_what_was_typed_wrong_is_said_beside_its_field_and_nothing_is_saved(
    orders: Process, anna: User, sign_in: SignIn
) -> None:
    client = sign_in(anna)
    wrong = {
        "working": ("30 parsecs", "is no unit of time"), "waiting": ("20-10", "shortest first"), "then": ("9", "no step “9”"),
        "cost": ("much", "zero or more"), "name": ("x" * 301, "At most 300"),
    }  # fmt: skip
    for field, (text, sentence) in wrong.items():
        rows = rows_of(orders)
        rows[1][field] = text
        status, part = send(client, orders, rows)
        assert (status, sentence in part, f'data-field="{field}"' in part) == (422, True, True), field
    assert send(client, orders, [{"id": "Step_9", "role": "Sales", "output": "x"}])[0] == 422
    assert client.post(f"{HOME}{orders.pk}/steps/", {"rows": "[1"}).status_code == 422
    assert orders.drawings.count() == 1
    plain = {name: [row.get(name, "") for row in rows_of(orders)] for name in rows_of(orders)[0]}
    moved = client.post(f"{HOME}{orders.pk}/steps/", {**plain, "mark": services.drawn(orders).mark, "do": "up:b"})
    assert (moved.status_code, [step.name for step in services.drawn(orders).steps]) == (
        303,
        ["Pick", "Take order", "Ship"],
    )


def test_who_saves_on_top_of_somebody_elses_version_is_shown_both(
    orders: Process, anna: User, wang: User, sign_in: SignIn
) -> None:
    client, old = sign_in(wang), services.drawn(orders).mark
    mine = rows_of(orders)
    services.save_steps(process=orders, by=anna, now=timezone.now(), rows=STEPS[:2])
    mine[0]["name"] = "Take the order by phone"
    status, part = send(client, orders, mine, old)
    assert (status, "Somebody else saved version 2" in part) == (409, True)
    mark = re.search(r'data-mark="([^"]+)"', part)
    assert mark is not None
    assert send(client, orders, mine, mark[1])[0] == 200
    assert [step.name for step in services.drawn(orders).steps] == ["Take the order by phone", "Pick", "Ship"]
    stale = client.post(f"{HOME}{orders.pk}/diagram/", {"bpmn": orders.drawings.get(number=1).bpmn, "mark": old})
    assert stale.status_code == 409


def test_files_come_in_and_go_out_with_nothing_lost(orders: Process, anna: User, sign_in: SignIn, shared: Path) -> None:
    client = sign_in(anna)
    path = shared / "data" / "processes" / "bpmn" / "miwg-C.1.0.bpmn"

    def bring(name: str, content: bytes, to: str = f"{HOME}{orders.pk}/drawing/") -> tuple[int, str]:
        given = {"file": SimpleUploadedFile(name, content), "mark": services.drawn(orders).mark}
        answer = client.post(to, given)
        return answer.status_code, answer.content.decode()

    assert bring("invoice.bpmn", path.read_bytes())[0] == 303
    out = client.get(f"{HOME}{orders.pk}/bpmn/")
    assert out.content == path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    assert "attachment" in out.headers["Content-Disposition"]
    assert bring("steps.csv", "环节,角色,作业时间,下一步\n接单,销售,10–20,\n发货,仓库,1 小时,结束\n".encode())[0] == 303
    assert [(one.name, one.role) for one in services.drawn(orders).steps] == [("接单", "销售"), ("发货", "仓库")]
    listed = client.get(f"{HOME}{orders.pk}/steps/file/").content.decode("utf-8-sig").splitlines()
    assert listed[1].split(",")[:4] == ["1", "接单", "销售", "10–15–20 min"]
    refused = {
        "plan.drawio": (b"<mxfile/>", "joined by lines"), "a.bpmn": (b"", "empty"), "a.csv": (b"a,b\n1,2\n", "No column looks like"),
        "b.csv": (b"Step,Working time\nPick,soon\n", "Row 2, column “Working time”"), "p.png": (b"\x89PNG", "picture"),
    }  # fmt: skip
    for name, (content, sentence) in refused.items():
        status, text = bring(name, content)
        assert (status, sentence in text) == (422, True), name
    assert orders.drawings.count() == 3
    new = bring("Returns.bpmn", path.read_bytes(), f"{HOME}new/drawing/")
    assert (new[0], Process.objects.filter(name="Returns").exists()) == (303, True)
    assert bring("x.bpmn", b"<html>", f"{HOME}new/drawing/")[0] == 422
    with pytest.raises(NoSteps, match="holds no step"):
        steps_in(b"Step,Role\n,\n", "none.csv")


def test_versions_are_compared_and_brought_back(orders: Process, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    later = [Step("a", "Take order", "Service"), STEPS[2], Step("n", "Send invoice", "Accounting")]
    services.save_steps(process=orders, by=None, now=timezone.now(), rows=later)
    said = client.get(f"{HOME}{orders.pk}/versions/").content.decode()
    for words in ("Added: Send invoice", "Removed: Pick", "<del>Sales</del>", "<ins>Service</ins>"):
        assert words in said
    assert "All steps are the same" in client.get(f"{HOME}{orders.pk}/versions/?a=1&b=1").content.decode()
    assert client.get(f"{HOME}{orders.pk}/versions/?a=77").status_code == 404
    assert client.post(f"{HOME}{orders.pk}/versions/1/restore/").status_code == 303
    assert [step.name for step in services.drawn(orders).steps] == ["Take order", "Pick", "Ship"]
    assert orders.drawings.get(number=3).note == "Version 1 again"


def test_a_template_fills_an_empty_table_in_the_readers_language(
    workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    process = services.create_process(workspace=workspace, by=anna, now=timezone.now(), name="Empty", owner=anna)
    client = sign_in(anna)
    shown = client.get(f"{HOME}{process.pk}/steps/").content.decode()
    assert "Order fulfilment" in shown
    assert client.get(f"{HOME}{process.pk}/bpmn/").status_code == 404
    assert client.post(f"{HOME}{process.pk}/template/", {"template": "no"}).status_code == 422
    assert client.post(f"{HOME}{process.pk}/template/", {"template": "orders", "mark": "0"}).status_code == 303
    assert client.post(f"{HOME}{process.pk}/template/", {"template": "orders", "mark": "0"}).status_code == 409
    assert services.drawn(process).roles == ["Sales", "Warehouse", "Purchasing", "Manager", "Accounting"]
    with translation.override("zh-hans"):
        for template in services.trades():
            document = read(services.drawing_of_steps(template.name, template.steps()))
            assert [step.name for step in steps(document)] == [line.name[1] for line in template.lines]
            assert services.drawn(process).summary == "7 个环节 · 5 个角色 · 6 次交接"


def test_programs_draw_through_the_api(orders: Process, api: Client, shared: Path) -> None:
    for path in ("bpmn/miwg-B.1.0.bpmn", "what-if/loan-application-5-timers.bpmn"):
        xml = (shared / "data" / "processes" / path).read_bytes()
        truth = json.loads((shared / "data" / "processes" / "bpmn.truth.json").read_text())["files"][path]
        saved = api.put(f"{API}/{orders.pk}/bpmn", xml, content_type="application/xml")
        assert saved.status_code == 200
        assert api.get(f"{API}/{orders.pk}/elements").json().items() <= truth.items()
        assert read(api.get(f"{API}/{orders.pk}/bpmn").content).xml() == read(xml).xml()
    mark = saved.json()["mark"]
    made = api.post(API, {"name": "Loans", "bpmn": xml.decode()}, content_type="application/json")
    assert (made.status_code, api.get(f"{API}/{made.json()['id']}/elements").json()["tasks"]) == (201, 17)
    given = {"steps": [{"name": "A", "role": "X", "working": 600, "next": [{"to": "C", "share": 0.4}, {"to": None}]},
                       {"name": "B", "working": {"low": 1, "likely": 2, "high": 3}}, {"name": "C"}], "mark": mark}  # fmt: skip
    told = api.put(f"{API}/{orders.pk}/steps", given, content_type="application/json").json()
    assert [one["share"] for one in told["steps"][0]["next"]] == [0.4, None]
    assert told["problems"] == ["No way leads to “B”.", "Nobody is said to do “B”.", "Nobody is said to do “C”."]
    assert api.put(f"{API}/{orders.pk}/steps", given, content_type="application/json").status_code == 409
    for body, kind in ((b"<a/>", "application/xml"), (b"{}", "application/json"), (b"", "application/xml")):
        refused = api.put(f"{API}/{orders.pk}/bpmn", body, content_type=kind)
        assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")


def test_the_pages_ask_little_however_many_steps(orders: Process, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    services.save_steps(
        process=orders, by=None, now=timezone.now(), rows=[Step("", f"Step {n}", f"Role {n % 9}") for n in range(120)]
    )
    for page in ("steps", "diagram", "versions"):
        client.get(f"{HOME}{orders.pk}/{page}/")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{HOME}{orders.pk}/{page}/").status_code == 200
        assert len(seen) <= 9, page
    assert elements(services.drawn(orders).document)["shapes"] == 132


def test_whoever_contributes_says_something_of_a_step_until_it_is_settled(
    orders: Process, connie: User, victor: User, sign_in: SignIn
) -> None:
    client, url = sign_in(connie), f"{HOME}{orders.pk}/"
    assert client.post(f"{url}remarks/", {"step": "b", "text": "Two people <do> this"}).status_code == 303
    assert client.post(f"{url}remarks/", {"step": "gone", "text": " "}).status_code == 422
    shown = client.get(f"{url}steps/").content.decode()
    assert '<a href="#step-b">Pick</a>: Two people &lt;do&gt; this' in shown
    assert sign_in(victor).post(f"{url}remarks/", {"text": "No"}).status_code == 403
    note = orders.notes.get()
    assert client.post(f"{url}remarks/{note.pk}/settle/").status_code == 303
    assert "Two people" not in client.get(f"{url}steps/").content.decode()


def test_rows_say_what_they_show() -> None:
    typed = [
        {"name": "One", "then": "2 40 % “yes, quickly”, 3"},
        {"name": "Two", "then": "3 + 1"},
        {"name": "Three", "then": "end"},
    ]
    rows = read_rows(typed)
    numbers = {row.values["id"]: row.number for row in rows}
    assert [then_of(row.step, numbers) for row in rows if row.step] == ["2 40 % “yes, quickly”, 3", "3 + 1", "end"]
    assert read_rows([*typed, {"name": "", "role": "Sales"}])[-1].number == 3, "a row with a role alone is none yet"
