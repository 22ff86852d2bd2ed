"""Files become points: all of them or none, and the same file twice changes nothing."""

import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from metrics.forms import ImportForm
from metrics.forms.files import name_and_unit, rate_name
from metrics.models import Dashboard, Metric, Point, buckets
from metrics.services import POINTS, files, writing
from opsboard.core import imports
from opsboard.core.imports import Plan
from opsboard.core.models import ImportRun, Job, Occurrence, User, Workspace
from opsboard.core.uploads import table_of
from tests.conftest import viewer_for

pytestmark = pytest.mark.django_db

TAXI = {"key": "taxi", "at": "timestamp", "value": "value"}


def metric_of(workspace: Workspace, key: str, now: datetime, **more: object) -> Metric:
    given = {"name": key, "key": key, "grain": "day", "created_at": now, **more}
    return Metric.objects.create(workspace=workspace, **given)


def bring_in(
    workspace: Workspace, by: User, now: datetime, content: bytes, mapping: dict[str, Any], name: str = "a.csv"
) -> Job:
    """The import as a worker does it."""
    plan = imports.plan_of(json.dumps(mapping), POINTS.fields, settings=POINTS.settings)
    file = io.BytesIO(content)
    run = imports.receive(POINTS, workspace=workspace, by=by, file=file, name=name, size=len(content), now=now)
    job = imports.start(POINTS, run=run, plan=plan, by=by, now=now)
    imports.carry_out(POINTS, job.pk)
    job.refresh_from_db()
    return job


def test_a_series_of_half_hours_comes_in_whole_and_only_once(
    workspace: Workspace, anna: User, now: datetime, shared: Path
) -> None:
    metric = metric_of(workspace, "taxi", now, grain="hour")
    content = (shared / "data/metrics/nab/nyc_taxi.csv").read_bytes()
    first = bring_in(workspace, anna, now, content, TAXI)
    assert first.state == Job.State.DONE, first.error
    assert {name: first.result[name] for name in ("written", "unchanged", "revised")} == {
        "written": 10_320, "unchanged": 0, "revised": 0,
    }  # fmt: skip
    assert [one.value for one in buckets([metric.pk], whole=True)] == [156_219_716]
    again = bring_in(workspace, anna, now, content, TAXI)
    assert (again.result["written"], again.result["unchanged"]) == (0, 10_320)
    assert Occurrence.objects.filter(key="metrics.points_written").count() == 1
    assert ImportRun.objects.exclude(finished_at=None).count() == 2


def test_on_time_flights_are_weighed_by_the_flights_flown(
    workspace: Workspace, anna: User, now: datetime, shared: Path
) -> None:
    metric = metric_of(workspace, "on-time", now, aggregation="ratio", target=0.8)
    content = (shared / "data/metrics/flights/nycflights13_daily_by_origin_carrier.csv").read_bytes()
    mapping = {
        "key": "on-time", "at": ["year", "month", "day"], "numerator": "on_time", "denominator": "flown",
        "labels": ["origin", "carrier"],
    }  # fmt: skip
    job = bring_in(workspace, anna, now, content, mapping)
    assert job.state == Job.State.DONE, job.error
    assert job.result["written"] == 11_864
    (year,) = buckets([metric.pk], whole=True)
    assert year.value == pytest.approx(0.76285, abs=5e-6)
    days = {one.at.astimezone(workspace.zone).date().isoformat(): one for one in buckets([metric.pk], grain="day")}
    assert days["2013-02-08"].value == pytest.approx(240 / 455)
    assert {one.labels["origin"] for one in buckets([metric.pk], by=["origin"], whole=True)} == {"EWR", "JFK", "LGA"}


def test_rows_of_one_day_are_put_together_as_the_metric_adds_up(
    workspace: Workspace, anna: User, now: datetime
) -> None:
    metric_of(workspace, "rate", now, aggregation="ratio")
    content = b"day,good,all\n2026-01-05,1,10\n2026-01-05,9,10\n2026-01-06,0,0\n"
    job = bring_in(
        workspace, anna, now, content, {"key": "rate", "at": "day", "numerator": "good", "denominator": "all"}
    )
    assert job.state == Job.State.DONE, job.error
    assert list(Point.objects.order_by("at").values_list("value", "weight")) == [(0.5, 20), (0.0, 0)]


def test_one_wrong_cell_and_nothing_is_written(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "sales", now)
    content = b"day,sales\n2026-01-05,10\n2026-02-30,11\n2026-01-07,many\n"
    job = bring_in(workspace, anna, now, content, {"key": "sales", "at": "day", "value": "sales"})
    assert job.state == Job.State.FAILED
    assert [(one["row"], one["column"]) for one in job.errors] == [(3, "day"), (4, "sales")]
    assert not Point.objects.exists()
    assert not ImportRun.objects.exclude(finished_at=None).exists()


def test_dividing_by_nought_is_named_with_its_row(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "rate", now, aggregation="ratio")
    content = b"day,good,all\n2026-01-05,1,10\n2026-01-06,3,0\n"
    job = bring_in(
        workspace, anna, now, content, {"key": "rate", "at": "day", "numerator": "good", "denominator": "all"}
    )
    assert [(one["row"], one["column"]) for one in job.errors] == [(3, "all")]


def test_unclear_dates_are_asked_for_not_guessed(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "sales", now)
    content = b"day,sales\n03/04/2026,10\n05/06/2026,11\n"
    mapping = {"key": "sales", "at": "day", "value": "sales"}
    assert bring_in(workspace, anna, now, content, mapping).state == Job.State.FAILED
    done = bring_in(workspace, anna, now, content, {**mapping, "date_order": "dmy"})
    assert done.state == Job.State.DONE, done.error
    assert Point.objects.earliest("at").at == datetime(2026, 4, 2, 16, tzinfo=UTC)  # 3 April in Shanghai


def test_a_revised_file_changes_only_what_differs(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "sales", now)
    mapping = {"key": "sales", "at": "day", "value": "sales", "labels": ["shop"]}
    bring_in(workspace, anna, now, b"day,shop,sales\n2026-01-05,A,10\n2026-01-05,B,20\n", mapping)
    job = bring_in(workspace, anna, now, b"day,shop,sales\n2026-01-05,A,10\n2026-01-05,B,21\n2026-01-06,A,5\n", mapping)
    assert {name: job.result[name] for name in ("written", "unchanged", "revised")} == {
        "written": 1, "unchanged": 1, "revised": 1,
    }  # fmt: skip
    assert Point.objects.exclude(revised_at=None).get().value == 21


def test_a_long_file_goes_to_the_metrics_that_it_names(workspace: Workspace, anna: User, now: datetime) -> None:
    sales, cost = metric_of(workspace, "sales", now), metric_of(workspace, "cost", now, name="Cost of goods")
    mapping = {"at": "day", "value": "value", "metric": "metric"}
    content = b"day,metric,value\n2026-01-05,sales,10\n2026-01-05,Cost of goods,4\n"
    job = bring_in(workspace, anna, now, content, mapping)
    assert job.state == Job.State.DONE, job.error
    assert {one.metric_id: one.value for one in buckets([sales.pk, cost.pk], whole=True)} == {sales.pk: 10, cost.pk: 4}
    job = bring_in(workspace, anna, now, content + b"2026-01-06,profit,1\n", mapping)
    assert job.errors[0]["row"] == 4
    assert "profit" in job.errors[0]["message"]


def test_the_wizard_walks_from_the_file_to_the_metric(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], django_capture_on_commit_callbacks: Any
) -> None:
    client = sign_in(anna)
    new = reverse("metrics:new_import", kwargs={"workspace": workspace.slug})
    assert client.get(new).status_code == 200
    file = io.BytesIO(b"timestamp;value\n2026-01-05 10:00:00;1,5\n2026-01-05 11:00:00;2,5\n")
    file.name = "packing_speed.csv"
    answer = client.post(new, {"file": file})
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    text = page.content.decode()
    assert 'name="column_0"' in text
    assert "Packing speed" in text
    form = {"step": "import", "column_0": "at", "column_1": "value", "metric": "+", "name": "Packing speed",
            "direction": "up", "aggregation": "mean", "grain": "hour", "decimal": ",", "delimiter": ";",
            "timezone": "Asia/Shanghai"}  # fmt: skip
    assert client.post(answer.headers["Location"], {**form, "column_1": ""}).status_code == 422
    assert client.post(answer.headers["Location"], form).status_code == 303
    imports.carry_out(POINTS, Job.objects.get().pk)
    job = Job.objects.get()
    assert job.state == Job.State.DONE, job.error
    metric = Metric.objects.get()
    assert (metric.key, metric.grain, metric.owner) == ("packing-speed", "hour", anna)
    assert list(Point.objects.order_by("at").values_list("value", flat=True)) == [1.5, 2.5]
    # What came of it: the metric with its course, a dashboard in one click, a watch, the question why.
    with CaptureQueriesContext(connection) as asked:
        result = client.get(answer.headers["Location"]).content.decode()
    assert len(asked) <= 24
    assert all(
        text in result for text in (metric.get_absolute_url(), "Make a dashboard", "/do/alerts.watch_indicator/")
    )
    first = {"metric": [metric.pk], "name": "Packing speed"}
    made = client.post(reverse("metrics:first_dashboard", kwargs={"workspace": workspace.slug}), first)
    board = Dashboard.objects.get()
    assert (made["Location"], board.name, board.span) == (board.get_absolute_url(), "Packing speed", "365d")
    assert board.get_absolute_url() in client.get(answer.headers["Location"]).content.decode()
    # Last year's values are taken as past, unless somebody says otherwise; the next ones are not.
    for hour, past in ((8, True), (12, False)):
        file = io.BytesIO(f"timestamp;value\n2026-01-05 0{hour}:00:00;9,5\n".replace("012", "12").encode())
        file.name = "packing_speed.csv"
        asks = client.get(client.post(new, {"file": file}).headers["Location"])
        assert (asks.context["form"].initial["metric"], asks.context["form"].initial["backfill"]) == (metric.key, past)
    again = client.post(asks.request["PATH_INFO"], {**form, "metric": metric.key, "backfill": "on"})
    assert (again.status_code, ImportRun.objects.latest("pk").mapping["settings"]["backfill"]) == (303, True)
    # Several numbers of another file go to the end of that dashboard.
    more = metric_of(workspace, "returns", timezone.now())
    client.post(made.wsgi_request.path, {"metric": [metric.pk, more.pk], "dashboard": board.pk})
    board.refresh_from_db()
    assert [tile.sources[0] for tile in board.laid_out].count(more.indicator) == 2


def test_a_workbook_brings_its_dates_and_numbers(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "sales", now)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["日期", "门店", "数值"])
    sheet.append([datetime(2026, 1, 5), "杭州", 10.5])
    sheet.append([datetime(2026, 1, 6), "宁波", 12])
    buffer = io.BytesIO()
    book.save(buffer)
    job = bring_in(workspace, anna, now, buffer.getvalue(), {"key": "sales"}, name="sales.xlsx")  # all guessed
    assert job.state == Job.State.DONE, job.error
    points = Point.objects.order_by("at").values_list("at", "value", "label_set__labels")
    assert list(points) == [
        (datetime(2026, 1, 4, 16, tzinfo=UTC), 10.5, {"门店": "杭州"}),
        (datetime(2026, 1, 5, 16, tzinfo=UTC), 12, {"门店": "宁波"}),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_files_come_in_any_writing(workspace: Workspace, anna: User, now: datetime, encoding: str) -> None:
    metric_of(workspace, "sales", now)
    lines = ["日期\t门店\t数值", *(f"2026年1月{day}日\t杭州分店\t{day},5" for day in range(1, 29))]
    job = bring_in(workspace, anna, now, "\n".join(lines).encode(encoding), {"key": "sales", "decimal": ","})
    assert job.state == Job.State.DONE, job.error
    assert Point.objects.filter(value=1.5, label_set__labels={"门店": "杭州分店"}).count() == 1


def test_a_cancel_halfway_undoes_all(
    workspace: Workspace, anna: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    metric_of(workspace, "sales", now)
    plain, chunks = writing.copy_in, []

    def copy_and_cancel(blocks: Any, *, opened: Any) -> tuple[int, int]:
        chunks.append(1)
        cache.set(f"job:{Job.objects.get().pk}:cancel", 1)
        time.sleep(0.3)
        return plain(blocks, opened=opened)

    monkeypatch.setattr(files, "CHUNK", 2)
    monkeypatch.setattr(writing, "copy_in", copy_and_cancel)
    content = b"day,sales\n" + b"".join(b"2026-01-%02d,1\n" % day for day in range(1, 11))
    job = bring_in(workspace, anna, now, content, {"key": "sales", "at": "day", "value": "sales"})
    assert job.state == Job.State.CANCELLED
    assert len(chunks) == 1
    assert not Point.objects.exists()


def test_next_weeks_file_is_read_like_the_last_one(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric_of(workspace, "sales", now)
    mapping = {"key": "sales", "at": "tag", "value": "umsatz", "timezone": "Europe/Berlin"}
    first = bring_in(workspace, anna, now, b"tag,menge,umsatz\n2026-01-05,1,10\n", mapping, name="sales 02.csv")
    assert first.state == Job.State.DONE, first.error
    client = sign_in(anna)
    file = io.BytesIO(b"tag,menge,umsatz\n2026-01-12,1,11\n")
    file.name = "sales 03.csv"
    page = client.get(
        client.post(reverse("metrics:new_import", kwargs={"workspace": workspace.slug}), {"file": file}).headers[
            "Location"
        ]
    )
    assert [column["role"] for column in page.context["columns"]] == ["at", "", "value"]
    assert page.context["form"].initial["metric"] == "sales"
    assert page.context["reading"].initial["timezone"] == "Europe/Berlin"


def test_an_upload_is_its_senders_and_the_admins_business(
    workspace: Workspace, anna: User, wang: User, adam: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric_of(workspace, "sales", now)
    bring_in(workspace, anna, now, b"day,value\n2026-01-05,x\n", {"key": "sales", "at": "day", "value": "value"})
    run = ImportRun.objects.get()
    url = reverse("metrics:import_run", kwargs={"workspace": workspace.slug, "pk": run.pk})
    assert [sign_in(user).get(url).status_code for user in (anna, adam, wang)] == [200, 200, 404]
    told = sign_in(anna).get(f"{url}?complaints=csv").content.decode()
    assert "2,value" in told


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.csv", b""), ("blank.csv", b"\n\n"), ("picture.csv", b"\x89PNG\r\n\x1a\n" + b"\x00" * 90), ("old.xls", b"\xd0\xcf\x11\xe0" * 30),
     ("broken.xlsx", b"PK\x03\x04" + b"junk" * 50), ("broken.csv.gz", b"\x1f\x8bjunk")],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], name: str, content: bytes
) -> None:
    file = io.BytesIO(content)
    file.name = name
    answer = sign_in(anna).post(reverse("metrics:new_import", kwargs={"workspace": workspace.slug}), {"file": file})
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_numerator_over_a_denominator_becomes_a_rate_and_never_a_sum(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metric_of(workspace, "sales", now, aggregation="sum")
    client = sign_in(anna)
    file = io.BytesIO(b"day,flown,on_time\n2026-01-05,10,8\n2026-01-06,20,15\n")
    file.name = "flights.csv"
    url = client.post(reverse("metrics:new_import", kwargs={"workspace": workspace.slug}), {"file": file}).headers[
        "Location"
    ]
    columns = {"column_0": "at", "column_1": "denominator", "column_2": "numerator", "step": "import"}
    answer = client.post(url, {**columns, "metric": "sales"})
    assert answer.status_code == 422
    assert "rates do not add up" in answer.content.decode()
    # The form was drawn before the columns were named, so it still says "sum".
    form = {"metric": "+", "name": "On time", "aggregation": "sum", "direction": "up", "grain": "day"}
    assert client.post(url, {**columns, **form}).status_code == 303
    mapping = ImportRun.objects.get().mapping
    assert mapping["settings"]["create"]["aggregation"] == "ratio", mapping


@pytest.mark.parametrize(
    ("content", "adds_up_as"),
    [
        (b"at,value\n2026-01-05 10:00,73.9\n2026-01-05 10:05,74\n2026-01-05 10:10,74.8\n", "mean"),
        (b"at,value\n2026-01-05 10:00,3\n2026-01-05 10:05,1.0\n2026-01-05 10:10,0\n", "sum"),
        (b"at,value\n2026-01-05,73.9\n2026-01-06,74\n2026-01-07,74.8\n", "sum"),
    ],
)
def test_a_level_that_is_measured_all_day_is_averaged(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], content: bytes, adds_up_as: str
) -> None:
    client = sign_in(anna)
    file = io.BytesIO(content)
    file.name = "machine_temperature.csv"
    new = reverse("metrics:new_import", kwargs={"workspace": workspace.slug})
    page = client.get(client.post(new, {"file": file}).headers["Location"])
    assert page.context["form"]["aggregation"].value() == adds_up_as


def test_unclear_dates_are_asked_about_in_words(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(anna)
    file = io.BytesIO(b"day,value\n03/04/2026,7\n05/06/2026,8\n")
    file.name = "unclear.csv"
    new = reverse("metrics:new_import", kwargs={"workspace": workspace.slug})
    url = client.post(new, {"file": file}).headers["Location"]
    answer = client.post(
        url, {"column_0": "at", "column_1": "value", "metric": "+", "name": "Unclear", "step": "import"}
    )
    assert answer.status_code == 422
    assert "Choose the order of the dates" in answer.content.decode()


def test_a_file_with_a_number_beyond_counting_names_its_rows(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "sales", now)
    content = b"day,sales\n2026-11-02,1e308\n2026-11-03,5\n2026-11-04,-2e15\n"
    job = bring_in(workspace, anna, now, content, {"key": "sales", "at": "day", "value": "sales"})
    assert job.state == Job.State.FAILED
    assert [(one["row"], one["column"]) for one in job.errors] == [(2, "sales"), (4, "sales")]
    assert not Point.objects.exists()
    rates = b"day,a,b\n2026-11-02,1e300,1e-300\n2026-11-03,0,0\n"
    mapping = {"create": {"name": "Rate", "aggregation": "ratio"}, "at": "day", "numerator": "a", "denominator": "b"}
    assert [one["row"] for one in bring_in(workspace, anna, now, rates, mapping).errors] == [2]


def test_what_is_odd_in_a_file_is_told_beside_what_came_of_it(workspace: Workspace, anna: User, now: datetime) -> None:
    metric_of(workspace, "rate", now, aggregation="ratio")
    year = now.year + 1
    content = f"day,share\n{now:%Y}-01-05,5 %\n{now:%Y}-01-06,6\n{year}-03-01,4 %\n{year}-03-02,0.05\n".encode()
    job = bring_in(workspace, anna, now, content, {"key": "rate", "at": "day", "value": "share"})
    assert (job.state, job.result["written"]) == (Job.State.DONE, 4)
    assert job.result["notes"] == [
        f"2 values are of days to come (the last is {year}-03-02). They count when those days are there.",
        "1 value is above 100%: without a per cent sign, rates are read as 0 to 1.",
    ]
    assert [point.value for point in Point.objects.order_by("at")] == [0.05, 6, 0.04, 0.05]


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Sales (CNY)", "Sales", "CNY"), ("Revenue €", "Revenue", "EUR"), ("umsatz in EUR", "Umsatz", "EUR"),
        ("After-sales reply minutes", "After-sales reply minutes", "min"), ("售后回复分钟", "售后回复分钟", "分钟"),
        ("交货耗时（小时）", "交货耗时", "小时"), ("Machine hours", "Machine hours", "h"), ("Orders per hour", "Orders per hour", ""),
        ("金额（元）", "金额", "元"), ("Returns", "Returns", ""), ("Price $", "Price", "$"), ("€", "€", ""),
    ],
)  # fmt: skip
def test_a_header_says_the_name_and_the_unit(header: str, name: str, unit: str) -> None:
    assert name_and_unit(header) == (name, unit)


@pytest.mark.parametrize(
    ("headers", "adds", "better"),
    [
        (
            ("After-sales reply minutes", "售后回复分钟", "Lead time", "Wait (h)", "配送时长", "Days late", "处理耗时"),
            "mean",
            "down",
        ),
        (("Complaints", "Returns", "客诉", "退货数", "Defects", "Downtime minutes", "停机时长"), "sum", "down"),
        (("Reply rate within 5 minutes", "准点率", "Market share"), "mean", "up"),
        (("Defect rate", "退货率"), "mean", "down"),
        (("Sales", "Machine hours", "Orders per hour", "订单", "Delivered"), "sum", "up"),
    ],
)
def test_a_header_says_how_it_adds_up_and_which_way_is_better(
    workspace: Workspace, anna: User, headers: tuple[str, ...], adds: str, better: str
) -> None:
    for header in headers:
        table = table_of(("day", header), [("2026-11-02", "5"), ("2026-11-03", "6")], filename="file.csv")
        form = ImportForm(
            viewer=viewer_for(anna, workspace),
            table=table,
            plan=Plan(columns={"at": ("day",), "value": (header,)}),
            filename="file.csv",
        )
        (part,) = form.parts
        found = [str(part[name].initial) for name in ("adds", "better")]
        assert [header, *found] == [header, adds, better]
        assert [str(form[name].initial) for name in ("aggregation", "direction")] == found


def test_a_rate_is_called_by_what_is_counted() -> None:
    assert rate_name("Defects") == "Defects rate"
    with translation.override("zh-hans"):
        assert rate_name("次品数") == "次品率"
