"""Order lines, deliveries and customers become numbers that add up to what is published of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from metrics import services
from metrics.models import Metric, buckets
from metrics.services import RAW
from opsboard.core import imports
from opsboard.core.models import ImportRun, Job, User, Workspace
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def bring(
    workspace: Workspace, by: User, text: str | bytes, columns: dict[str, Any] | None = None, **settings: Any
) -> Job:
    content = text.encode() if isinstance(text, str) else text
    run = imports.receive(
        RAW, workspace=workspace, by=by, file=ContentFile(content), name="rows.csv", size=len(content), now=NOW
    )
    packed = {role: (names,) if isinstance(names, str) else tuple(names) for role, names in (columns or {}).items()}
    job = imports.start(RAW, run=run, plan=imports.Plan(columns=packed, settings=settings), by=by, now=NOW)
    imports.carry_out(RAW, job.pk)
    job.refresh_from_db()
    return job


def whole(key: str, **labels: str) -> tuple[float, float]:
    (one,) = buckets([Metric.objects.get(key=key).pk], whole=True, labels=labels or None)
    return round(one.value or 0, 6), one.weight


def test_order_lines_become_order_value_by_day_and_country(workspace: Workspace, anna: User, shared: Path) -> None:
    file = shared / "data/metrics/online_retail/online_retail_2010-12_2011-02.csv"
    wanted = ["order_value", "orders", "net_sales", "cancellations"]
    job = bring(workspace, anna, file.read_bytes(), kpis=wanted, cancelled_begin="C")
    assert job.state == "done", (job.error, job.errors[:3])
    assert "36210" in " ".join(job.result["notes"])
    assert (round(whole("order-value")[0], 3), whole("order-value")[1]) == (498.592, 4_089)
    assert round(whole("net-sales")[0], 2) == 1_807_019.93
    assert whole("orders")[0] == 4_089
    assert whole("return-rate") == (round(805 / 4894, 6), 4_894)
    assert len({one.at for one in buckets([Metric.objects.get(key="net-sales").pk])}) == 68
    france = whole("orders", Country="France")[0]
    assert 0 < france < 4_089
    again = bring(workspace, anna, file.read_bytes(), kpis=wanted, cancelled_begin="C")
    assert (again.result["written"], again.result["revised"]) == (0, 0)
    assert Metric.objects.count() == 4


def test_customers_who_come_back_add_up_over_the_days_they_first_came(
    workspace: Workspace, anna: User, shared: Path
) -> None:
    text = (shared / "data/metrics/cdnow/CDNOW_master.txt").read_text().splitlines()[1:]
    rows = [line.split() for line in text]
    file = "customer,date,qty,amount\n" + "\n".join(
        f"{who},{day[:4]}-{day[4:6]}-{day[6:]},{count},{money}" for who, day, count, money in rows
    )
    columns = {"customer": "customer", "at": "date", "amount": "amount"}
    services.furnish_trade(workspace=workspace, by=anna, now=NOW, trade="ecommerce", only=["repurchase-rate"])
    job = bring(workspace, anna, file, columns, kpis=["repurchase"], within=90)
    assert job.state == "done", (job.error, job.errors[:3])
    assert job.result["notes"] == []
    assert whole("repurchase-rate") == (0.292193, 23_570)
    job = bring(workspace, anna, file, columns, kpis=["repurchase"], within=180)
    assert job.result["revised"] > 0
    assert whole("repurchase-rate") == (0.374501, 23_570)
    bring(workspace, anna, file, columns, kpis=["repurchase"], within=0)
    assert whole("repurchase-rate") == (0.488587, 23_570)
    # Whoever first came in the last 90 days of a file cannot be judged yet.
    short = "customer,date\na,2026-01-01\na,2026-02-01\nb,2026-06-01\n,2026-06-02\n"
    job = bring(workspace, anna, short, kpis=["repurchase"], within=90)
    assert "2026-06-01" in job.result["notes"][1]
    assert "1 row names no customer" in job.result["notes"][0]


def test_flights_and_promises_become_on_time(workspace: Workspace, anna: User, shared: Path) -> None:
    file = shared / "data/metrics/flights/nycflights13_2013-01_02.csv"
    columns = {
        "at.year": "year",
        "at.month": "month",
        "at.day": "day",
        "late": "arr_delay",
        "labels": ["carrier", "origin"],
    }
    job = bring(workspace, anna, file.read_bytes(), columns, kpis=["on_time", "on_time_done"], tolerance=15)
    assert job.state == "done", (job.error, job.errors[:3])
    assert whole("on-time-delivery") == (0.742758, 51_955)
    assert whole("on-time-of-delivered") == (0.771661, 50_009)
    Metric.objects.all().delete()
    lines = "order,promised,delivered\n1,2026-01-10,2026-01-10\n2,2026-01-10,2026-01-11\n3,2026-01-10,\n4,2026-02-10,\n"
    job = bring(workspace, anna, lines, kpis=["on_time", "on_time_done"], as_of="2026-01-12")
    assert job.state == "done", (job.error, job.errors[:3])
    assert whole("on-time-delivery") == (0.333333, 3)
    assert whole("on-time-of-delivered") == (0.5, 2)


def test_customers_become_churn_by_contract_and_blanks_are_told(workspace: Workspace, anna: User, shared: Path) -> None:
    content = (shared / "data/metrics/telco_churn/Telco-Customer-Churn.csv").read_bytes()
    wanted = ["churn", "revenue", "revenue_churn"]
    job = bring(workspace, anna, content, kpis=wanted, as_of="2026-10-31")
    assert job.state == "done", (job.error, job.errors[:3])
    assert job.result["notes"] == []
    assert whole("churn") == (round(1869 / 7043, 6), 7_043)
    rates = {one: round(whole("churn", Contract=one)[0] * 100, 2) for one in ("Month-to-month", "One year", "Two year")}
    assert rates == {"Month-to-month": 42.71, "One year": 11.27, "Two year": 2.83}
    assert round(whole("mrr")[0], 2) == 456_116.60
    assert whole("revenue-churn")[0] == round(139_130.85 / 456_116.60, 6)
    # The trap: eleven customers have a blank where their total should be.
    columns = {"customer": "customerID", "amount": "TotalCharges", "left": "Churn"}
    job = bring(workspace, anna, content, columns, kpis=["revenue_churn"], as_of="2026-10-31")
    assert job.state == "done", (job.error, job.errors[:3])
    assert "11 rows have nothing in “TotalCharges” (the first is row 490)" in job.result["notes"][0]


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        (
            "customer,date\na,2026-01-01\n",
            {"kpis": ["order_value"]},
            "“Average order value” needs a column that is: Order number",
        ),
        ("customer,date\na,2026-01-01\n", {"kpis": ["magic"]}, "Choose at least one number"),
        ("customer,date\na,2026-01-01\n", {"kpis": ["repurchase"], "within": "soon"}, "as numbers"),
        ("customer,colour\na,red\n", {}, "Choose at least one number"),
    ],
)
def test_what_cannot_be_counted_is_said(
    workspace: Workspace, anna: User, text: str, settings: dict[str, Any], words: str
) -> None:
    job = bring(workspace, anna, text, **settings)
    assert job.state == "failed"
    assert words in job.error
    assert not Metric.objects.exists()


def test_a_clerk_gets_from_a_file_to_a_number(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(anna)
    home = "/north-plant/metrics/"
    assert "raw/new/" in client.get(f"{home}new/").content.decode()
    text = "InvoiceNo,InvoiceDate,CustomerID,Quantity,UnitPrice,Country\nA1,2026-03-13 10:00,7,2,5.5,France\nC2,2026-03-14 10:00,7,-1,5.5,France\n"
    sent = client.post(f"{home}raw/new/", {"file": ContentFile(text.encode(), name="lines.csv")})
    assert sent.status_code == 303
    page = client.get(sent["Location"])
    form = page.context["form"]
    assert form.initial["kpis"] == ["repurchase", "order_value", "orders", "net_sales", "cancellations"]
    assert form.initial["cancelled_begin"] == ""  # half of two order numbers begin with C: that may be their way
    roles = {one["name"]: one["role"] for one in page.context["columns"]}
    assert roles == {
        "InvoiceNo": "order", "InvoiceDate": "at", "CustomerID": "customer", "Quantity": "quantity",
        "UnitPrice": "amount", "Country": "labels",
    }  # fmt: skip
    posted = {f"column_{place}": role for place, role in enumerate(roles.values())}
    assert client.post(sent["Location"], {**posted, "step": "import"}).status_code == 422
    answer = client.post(
        sent["Location"], {**posted, "step": "import", "kpis": ["net_sales"], "within": "90", "decimal": ".", "delimiter": ",",
                           "encoding": "utf-8", "timezone": "Asia/Shanghai"},
    )  # fmt: skip
    assert answer.status_code == 303, answer.content.decode()[:3000]
    run = ImportRun.objects.get()
    assert run.job is not None
    imports.carry_out(RAW, run.job.pk)
    assert whole("net-sales")[0] == 5.5
    assert "as before" in client.get(sent["Location"]).content.decode()
