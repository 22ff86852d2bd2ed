"""Exports as sellers get them: recognised by their headers, counted by day, and the same file twice changes nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from metrics import tasks
from metrics.models import Metric, Point
from metrics.services import presets
from opsboard.core.models import ImportRun, Job, User, Workspace
from opsboard.core.uploads import read_table

AMAZON = (
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\tsales-channel\tsku\tquantity\tcurrency\titem-price\n"
    "111-1\t\t2026-11-16T01:00:00+00:00\tx\tShipped\tAmazon\tAmazon.com\tA\t1\tUSD\t20.00\n"
    "111-1\t\t2026-11-16T01:00:00+00:00\tx\tShipped\tAmazon\tAmazon.com\tB\t2\tUSD\t10.00\n"
    "111-2\t\t2026-11-16T02:00:00+00:00\tx\tCancelled\tMerchant\tAmazon.com\tA\t1\tUSD\t20.00\n"
    "111-3\t\t2026-11-16T20:00:00+00:00\tx\tPending\tMerchant\tAmazon.ca\tA\t1\tUSD\t\n"
)
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Total,Lineitem quantity,Lineitem name,Created at,Refunded Amount\n"
    "#1001,a@x.example,paid,2026-11-16 10:00:00 +0800,fulfilled,CNY,90,100.00,1,Tent,2026-11-16 09:59:00 +0800,0.00\n"
    "#1001,a@x.example,,,,,,,2,Peg,2026-11-16 09:59:00 +0800,\n"
    "#1002,b@x.example,partially_refunded,2026-11-16 11:00:00 +0800,fulfilled,CNY,50,60.00,1,Tent,2026-11-16 10:59:00 +0800,15.00\n"
    "#1003,c@x.example,voided,,unfulfilled,CNY,50,60.00,1,Tent,2026-11-17 10:59:00 +0800,0.00\n"
)
TIKTOK = (
    "Order ID,Order Status,Order Substatus,SKU ID,Quantity,Sku Quantity of return,Order Amount,Order Refund Amount,Created Time,Paid Time\n"
    "Platform unique order ID.,Current order status.,,Platform SKU ID.,SKU sold quantity.,,Paid by the buyer.,,Order created time.,\n"
    "5771\t,Completed,Delivered,1,1,0,30.00,0,11/16/2026 9:00:00 AM\t,11/16/2026 9:01:00 AM\n"
    "5771\t,Completed,Delivered,2,1,0,30.00,0,11/16/2026 9:00:00 AM\t,11/16/2026 9:01:00 AM\n"
    "5772\t,Canceled,Canceled,1,1,1,20.00,20.00,11/16/2026 1:00:00 PM\t,\n"
)
TAOBAO = (
    "订单编号,买家会员名,买家应付货款,总金额,买家实际支付金额,订单状态,订单创建时间,宝贝标题,宝贝总数量,店铺名称,退款金额\n"
    '="4801",tb1,100.00,110.00,110.00,交易成功,2026-11-16 09:00:00,帐篷,1,湖畔户外,0.00\n'
    '="4802",tb2,50.00,50.00,50.00,卖家已发货，等待买家确认,2026-11-16 10:00:00,地钉,5,湖畔户外,10.00\n'
    '="4803",tb3,50.00,50.00,0.00,交易关闭,2026-11-16 11:00:00,地钉,5,湖畔户外,0.00\n'
)
ALIBABA = (
    "订单编号,买家公司名,卖家公司名,货品总价(元),运费(元),实付款(元),订单状态,订单创建时间,货品标题,单价(元),数量\n"
    "9001,甲公司,乙公司,300.00,10.00,310.00,交易成功,2026-11-16 09:00:00,帐篷布,3,50\n"
    ",,,,,,,,拉链,3,50\n"
    "9002,甲公司,乙公司,100.00,0.00,100.00,等待买家付款,2026-11-16 09:30:00,拉链,1,100\n"
)
SF = (
    "序号,运单号,月结卡号,寄件时间,签收时间,预计派送时间,快件状态,产品类型\n"
    "1,SF1,755,2026-11-14 10:00:00,2026-11-15 16:00:00,2026-11-15,已签收,标快\n"
    "2,SF2,755,2026-11-14 11:00:00,2026-11-16 09:00:00,2026-11-15,已签收,标快\n"
    "3,SF3,755,2026-11-14 12:00:00,2026-11-15 12:00:00,2026-11-16 18:00:00,已退回,标快\n"
    "4,SF4,755,2026-11-16 12:00:00,,2026-11-30 18:00:00,运送中,标快\n"
)
YTO = (
    "运单号,揽收网点,揽收时间,派件网点,签收时间,应签收时间,物流状态\n"
    "YT1,杭州,2026-11-14 10:00:00,上海,2026-11-16 10:00:00,2026-11-16 23:59:59,已签收\n"
    "YT2,杭州,2026-11-14 10:00:00,上海,2026-11-17 10:00:00,2026-11-16 23:59:59,已签收\n"
)
UPS = (
    "Tracking Number,Manifest Date,Status,Scheduled Delivery,Date Delivered,Shipper Number\n"
    "1Z1,11/14/2026,Delivered,11/16/2026,11/16/2026,A1\n"
    "1Z2,11/14/2026,Delivered,11/16/2026,11/18/2026,A1\n"
)
DHL = (
    "Waybill Number,Pickup Date,Delivery Date,Last Checkpoint,Origin Service Area\n"
    "JD1,2026-11-14,2026-11-16,Delivered,HGH\n"
    "JD2,2026-11-14,2026-11-19,Delivered,HGH\n"
)
TRACK = (
    "carrier,tracking_no,shipped_at,delivered_at,eta\n"
    "GLS,G1,2026-11-14 10:00,2026-11-15 10:00,\n"
    "DPD,D1,2026-11-14 10:00,2026-11-20 10:00,\n"
)

# What each says of 16 November (parcels: of those sent on the 14th): value, weight.
TRUTH: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "amazon": (AMAZON, {"orders": (1, 1), "sales": (30, 1), "average": (30, 1), "items": (3, 1), "cancelled": (0.5, 2)}),
    "shopify": (SHOPIFY, {"orders": (2, 1), "sales": (160, 1), "average": (80, 2), "items": (4, 1), "refunds": (15, 1),
                          "refunded": (0.5, 2), "cancelled": (0, 2)}),
    "tiktok": (TIKTOK, {"orders": (1, 1), "sales": (30, 1), "average": (30, 1), "items": (2, 1), "refunds": (20, 1),
                        "refunded": (0, 1), "cancelled": (0.5, 2)}),
    "taobao": (TAOBAO, {"orders": (2, 1), "sales": (160, 1), "average": (80, 2), "items": (6, 1), "refunds": (10, 1),
                        "refunded": (0.5, 2), "cancelled": (1 / 3, 3)}),
    "1688": (ALIBABA, {"orders": (1, 1), "sales": (310, 1), "average": (310, 1), "items": (100, 1), "cancelled": (0.5, 2)}),
    "sf": (SF, {"parcels": (3, 1), "on_time": (0.5, 2), "transit": ((30 + 46) / 48, 2)}),
    "yto": (YTO, {"parcels": (2, 1), "on_time": (0.5, 2), "transit": (2.5, 2)}),
    "ups": (UPS, {"parcels": (2, 1), "on_time": (0.5, 2), "transit": (3, 2)}),
    "dhl": (DHL, {"parcels": (2, 1), "on_time": (0.5, 2), "transit": (3.5, 2)}),
    "tracking": (TRACK, {"parcels": (1, 1), "on_time": (1, 1), "transit": (1, 1)}),
}  # fmt: skip


def upload(client: Client, workspace: Workspace, content: bytes, name: str) -> str:
    file = io.BytesIO(content)
    file.name = name
    answer = client.post(reverse("metrics:new_import", kwargs={"workspace": workspace.slug}), {"file": file})
    assert answer.status_code == 303, answer.content.decode()
    return str(answer.headers["Location"])


def filled(page: Any) -> dict[str, Any]:
    """The form as it stands on the page."""
    form = {f"column_{column['place']}": column["role"] for column in page.context["columns"]}
    for one in (page.context["form"], page.context["reading"]):
        form |= {
            bound.name: "" if bound.value() is None else bound.value() for bound in one if bound.value() is not False
        }
    return {**form, "step": "import"}


def carry_out() -> Job:
    job = Job.objects.latest("pk")
    (tasks.import_orders if job.task.endswith("orders") else tasks.import_parcels)(job.pk)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("key", list(TRUTH))
def test_an_export_is_recognised_in_any_order_and_writing(key: str, encoding: str) -> None:
    text = TRUTH[key][0]
    mark = "\t" if key == "amazon" else ","
    rows = [[*line.split(mark), "more"] for line in text.splitlines()]
    turned = "\n".join(mark.join(reversed(row)) for row in rows)
    for given in (text, turned, text.replace(mark, ";") if mark == "," else text):
        found = presets.preset_for(read_table(given.encode(encoding), filename="export.csv"))
        assert found is not None
        assert found.key == key


@pytest.mark.parametrize(
    "header", ["day,orders,sales", "Name,Total,Date", "Order ID,Amount", "日期,订单编号,数值", "tracking,notes"]
)
def test_other_tables_are_not_taken_for_exports(header: str) -> None:
    table = read_table(f"{header}\n2026-11-16,1,2\n".encode(), filename="a.csv")
    assert presets.preset_for(table) is None


@pytest.mark.django_db
@pytest.mark.parametrize("key", list(TRUTH))
def test_an_export_becomes_several_metrics_and_only_once(
    workspace: Workspace, anna: User, key: str, sign_in: Callable[[User], Client]
) -> None:
    content, truth = TRUTH[key]
    client = sign_in(anna)
    for turn in range(2):
        url = upload(client, workspace, content.encode(), "export.csv")
        page = client.get(url)
        text = page.content.decode()
        assert f"This looks like {presets.BY_KEY[key].title}." in text.replace("&amp;", "&")
        form = {**filled(page), **({"date_order": "mdy"} if key in {"tiktok", "ups"} else {})}
        answer = client.post(url, form)
        assert answer.status_code == 303, answer.content.decode()
        job = carry_out()
        assert job.state == Job.State.DONE, (job.error, job.errors)
        assert (job.result["written"] > 0, job.result["unchanged"] > 0) == (turn == 0, turn == 1)
        assert job.result["revised"] == 0
    day = datetime(2026, 11, 16 if "orders" in truth else 14, tzinfo=workspace.zone)
    first = next(iter(truth))
    label = Point.objects.filter(at=day, label_set__metric__key=_key(first)).order_by("label_set_id").first()
    assert label is not None
    found = {
        name: Point.objects.filter(at=day, label_set__metric__key=_key(name), label_set__labels=label.label_set.labels)
        .values_list("value", "weight").get()
        for name in truth
    }  # fmt: skip
    assert {name: pytest.approx(pair) for name, pair in truth.items()} == found
    assert Metric.objects.count() == len(truth)
    labels = presets.BY_KEY[key].labels
    assert labels.items() <= label.label_set.labels.items()


def _key(name: str) -> str:
    return Metric.objects.get(
        name=next(str(one.name) for many in presets.COUNTED.values() for one in many if one.key == name)
    ).key


@pytest.mark.django_db
def test_people_correct_what_differs_and_programs_name_the_preset(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(anna)
    url = upload(client, workspace, SHOPIFY.encode(), "orders.csv")
    form = filled(client.get(url))
    wanted = {**form, **{f"into_{one}": "" for one in ("average", "items", "refunded", "cancelled")}}
    assert client.post(url, {**form, "column_0": ""}).status_code == 422  # no order number
    assert client.post(url, {**wanted, "into_orders": "", "into_sales": "", "into_refunds": ""}).status_code == 422
    assert client.post(url, wanted).status_code == 303
    carry_out()
    assert set(Metric.objects.values_list("name", "unit")) == {("Orders", ""), ("Sales", "CNY"), ("Refunds", "CNY")}
    # The other platform's orders go into the same metrics, told apart by their label.
    url = upload(client, workspace, TIKTOK.encode(), "tiktok.csv")
    page = client.get(url)
    assert page.context["form"]["into_orders"].value() == "orders"
    plain = {"step": "other", "importer": "metrics.points"}
    assert client.post(url, plain).status_code == 303
    assert 'name="column_0"' in client.get(url).content.decode()
    assert ImportRun.objects.latest("pk").importer == "metrics.points"
    mixed = SHOPIFY.replace("CNY,50,60.00,1,Tent,2026-11-16", "USD,50,60.00,1,Tent,2026-11-16")
    url = upload(client, workspace, mixed.encode(), "mixed.csv")
    client.post(url, {**filled(client.get(url))})
    assert "several currencies (CNY, USD)" in carry_out().error


@pytest.mark.django_db
def test_several_columns_of_numbers_become_several_metrics(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(anna)
    Metric.objects.create(workspace=workspace, key="orders", name="Orders", created_at=now)
    content = "day,shop,orders,sales (CNY),conversion rate\n2026-11-16,A,4,40.5,2.5%\n2026-11-17,A,,41,\n"
    url = upload(client, workspace, content.encode(), "shop.csv")
    page = client.get(url)
    parts = {
        part["header"]: (part["into"].value(), part["name"].value(), part["unit"].value(), part["adds"].value())
        for part in page.context["form"].parts
    }
    assert parts == {
        "orders": ("orders", "Orders", "", "sum"), "sales (CNY)": ("+", "Sales", "CNY", "sum"),
        "conversion rate": ("+", "Conversion rate", "", "ratio"),
    }  # fmt: skip
    assert client.post(url, filled(page)).status_code == 303
    job = Job.objects.latest("pk")
    tasks.import_points(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    assert {one["name"]: one["written"] for one in job.result["parts"]} == {
        "Orders": 1,
        "Sales": 2,
        "Conversion rate": 1,
    }
    assert "What went where" in client.get(url).content.decode()
    again = client.get(upload(client, workspace, content.encode(), "shop.csv"))
    assert again.context["form"]["into_3"].value() == "sales"
    assert json.loads(json.dumps(ImportRun.objects.exclude(finished_at=None).get().mapping["settings"]["columns"])) == {
        "orders": "orders", "sales (CNY)": "sales", "conversion rate": "conversion-rate",
    }  # fmt: skip
