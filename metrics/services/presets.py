"""Exports that people have anyway: recognised by their headers, and counted into several metrics at once.

The names of headers are facts from the platforms' own help pages and from files as sellers get them; more columns, another
order, brackets and upper case make no difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics import analysis
from metrics.models import Aggregation, Direction, Metric
from metrics.services.files import POINTS, chosen, put, summary_of
from opsboard.core import access, jobs, money
from opsboard.core.imports import Arrival, Field, Importer, Plan
from opsboard.core.uploads import Table

ORDERS, PARCELS = "metrics.orders", "metrics.parcels"
WITHIN = 3.0  # days, where nothing was promised


@dataclass(frozen=True)
class Counted:
    """A metric that such a file makes. `needs` names the columns without which there is none."""

    key: str
    name: Any
    aggregation: str
    direction: str = Direction.UP.value
    money: bool = False
    unit: Any = ""
    needs: tuple[str, ...] = ()


COUNTED: Mapping[str, tuple[Counted, ...]] = {
    ORDERS: (
        Counted("orders", gettext_lazy("Orders"), Aggregation.SUM.value),
        Counted("sales", gettext_lazy("Sales"), Aggregation.SUM.value, money=True, needs=("amount",)),
        Counted("average", gettext_lazy("Average order value"), Aggregation.MEAN.value, money=True, needs=("amount",)),
        Counted("items", gettext_lazy("Items sold"), Aggregation.SUM.value, needs=("quantity",)),
        Counted("refunds", gettext_lazy("Refunds"), Aggregation.SUM.value, Direction.DOWN.value, money=True, needs=("refund",)),
        Counted("refunded", gettext_lazy("Refunded orders"), Aggregation.RATIO.value, Direction.DOWN.value, needs=("refund",)),
        Counted("cancelled", gettext_lazy("Cancelled orders"), Aggregation.RATIO.value, Direction.DOWN.value, needs=("status",)),
    ),
    PARCELS: (
        Counted("parcels", gettext_lazy("Parcels sent"), Aggregation.SUM.value),
        Counted("on_time", gettext_lazy("On-time delivery"), Aggregation.RATIO.value, needs=("arrived",)),
        Counted("transit", gettext_lazy("Time in transit"), Aggregation.MEAN.value, Direction.DOWN.value,
                unit=gettext_lazy("days"), needs=("arrived",)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """One platform's export. `marks` are headers that no other has; `labels` hold for each of its rows."""

    key: str
    title: Any
    importer: str
    roles: Mapping[str, tuple[str, ...]]
    marks: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()  # headers whose cells tell shops, channels or carriers apart
    per_item: bool = False
    date_order: str = ""

    def fits(self, table: Table) -> int:
        """How many of its headers a table has; nought where it is another file."""
        found = analysis.matched(table.headers, self.roles)
        words = analysis.header_words(table.headers)
        marks = sum(_plain(mark) in words for mark in self.marks)
        needed = {"order", "at"} if self.importer == ORDERS else {"parcel", "at"}
        return len(found) + 2 * marks if needed <= set(found) and marks else 0


PRESETS: tuple[Preset, ...] = (
    Preset(
        "amazon", gettext_lazy("an Amazon orders report"), ORDERS,
        {"order": ("amazon-order-id", "order-id"), "at": ("purchase-date",), "amount": ("item-price",),
         "quantity": ("quantity", "quantity-purchased"), "status": ("order-status", "item-status"), "currency": ("currency",)},
        ("amazon-order-id", "order-item-id", "merchant-order-id", "asin", "ship-service-level", "fulfillment-channel"),
        {"platform": "Amazon"}, ("sales-channel",), per_item=True,
    ),
    Preset(
        "shopify", gettext_lazy("a Shopify orders export"), ORDERS,
        {"order": ("Name",), "at": ("Created at", "Paid at"), "amount": ("Total",), "refund": ("Refunded Amount",),
         "quantity": ("Lineitem quantity",), "status": ("Financial Status",), "currency": ("Currency",)},
        ("Financial Status", "Fulfillment Status", "Lineitem name", "Lineitem sku", "Accepts Marketing"), {"platform": "Shopify"},
    ),
    Preset(
        "tiktok", gettext_lazy("a TikTok Shop orders export"), ORDERS,
        {"order": ("Order ID",), "at": ("Created Time", "Paid Time"), "amount": ("Order Amount",),
         "refund": ("Order Refund Amount",), "quantity": ("Quantity",), "status": ("Order Status",), "currency": ("Currency",)},
        ("Order Substatus", "Normal or Pre-order", "Sku Quantity of return", "SKU Unit Original Price", "RTS Time"),
        {"platform": "TikTok Shop"}, date_order="mdy",
    ),
    Preset(
        "taobao", gettext_lazy("a Taobao or Tmall orders export"), ORDERS,
        {"order": ("订单编号", "主订单编号"), "at": ("订单创建时间", "订单付款时间"),
         "amount": ("买家实际支付金额", "买家实付金额", "买家应付货款", "总金额"), "refund": ("退款金额",),
         "quantity": ("宝贝总数量", "购买数量"), "status": ("订单状态",)},
        ("买家会员名", "买家应付货款", "宝贝标题", "宝贝种类", "宝贝总数量", "买家实际支付积分", "店铺Id"),
        {"platform": "淘宝"}, ("店铺名称",),
    ),
    Preset(
        "1688", gettext_lazy("a 1688 orders export"), ORDERS,
        {"order": ("订单编号", "订单号"), "at": ("订单创建时间", "订单付款时间"), "amount": ("实付款", "实付款(元)", "货品总价"),
         "refund": ("退款金额",), "quantity": ("数量",), "status": ("订单状态",)},
        ("买家公司名", "卖家公司名", "货品总价", "货品标题", "涨价或折扣", "单品货号"), {"platform": "1688"},
    ),
    Preset(
        "sf", gettext_lazy("an SF Express (顺丰) tracking file"), PARCELS,
        {"parcel": ("运单号", "运单号码", "顺丰单号", "母单号"), "at": ("寄件时间", "寄件日期", "收寄时间", "揽收时间"),
         "arrived": ("签收时间", "派件签收时间", "妥投时间"), "promised": ("预计派送时间", "预计送达时间", "承诺送达时间"),
         "status": ("快件状态", "运单状态", "状态")},
        ("月结卡号", "月结账号", "寄件时间", "快件状态", "产品类型", "计费重量"), {"carrier": "顺丰"}, ("产品类型",),
    ),
    Preset(
        "yto", gettext_lazy("a YTO (圆通) tracking file"), PARCELS,
        {"parcel": ("运单号", "运单编号", "面单号", "快递单号"), "at": ("揽收时间", "揽件时间", "下单时间"),
         "arrived": ("签收时间", "实际签收时间"), "promised": ("应签收时间", "预计签收时间", "预计送达时间"),
         "status": ("物流状态", "运单状态", "签收状态")},
        ("揽收网点", "派件网点", "派送网点", "客户编码", "三段码", "应签收时间"), {"carrier": "圆通"},
    ),
    Preset(
        "ups", gettext_lazy("a UPS tracking file"), PARCELS,
        {"parcel": ("Tracking Number",), "at": ("Manifest Date", "Ship Date", "Shipped Date", "Pickup Date"),
         "arrived": ("Date Delivered", "Delivered Date", "Delivery Date", "Delivered On"),
         "promised": ("Scheduled Delivery", "Scheduled Delivery Date", "Original Scheduled Delivery Date"), "status": ("Status",)},
        ("Manifest Date", "Scheduled Delivery", "Scheduled Delivery Date", "Shipper Number", "UPS Service", "Package Reference No. 1"),
        {"carrier": "UPS"},
    ),
    Preset(
        "dhl", gettext_lazy("a DHL tracking file"), PARCELS,
        {"parcel": ("Waybill Number", "Waybill", "AWB", "AWB Number", "Shipment Number", "Shipment ID"),
         "at": ("Pickup Date", "Shipment Date", "Ship Date"), "arrived": ("Delivery Date", "POD Date", "Delivered Date"),
         "promised": ("Estimated Delivery Date", "Estimated Delivery", "EDD"), "status": ("Status", "Last Checkpoint", "Last Event")},
        ("Waybill Number", "Waybill", "AWB", "AWB Number", "POD Date", "Last Checkpoint", "Origin Service Area"), {"carrier": "DHL"},
    ),
    Preset(
        "tracking", gettext_lazy("a tracking file"), PARCELS,
        {"parcel": ("tracking number", "tracking no", "tracking id", "tracking", "tracking code", "运单号", "快递单号", "物流单号"),
         "at": ("shipped at", "ship date", "shipped date", "shipped", "shipped time", "发货时间", "寄件时间", "揽收时间"),
         "arrived": ("delivered at", "delivery date", "delivered date", "delivered", "delivered time", "签收时间", "送达时间"),
         "promised": ("promised at", "promised date", "due date", "estimated delivery", "estimated delivery date", "eta", "预计送达时间"),
         "status": ("status", "tracking status", "状态", "物流状态")},
        ("tracking number", "tracking no", "tracking id", "tracking", "tracking code", "运单号", "快递单号", "物流单号"), {},
        ("carrier", "shipping provider name", "物流公司", "快递公司", "承运商"),
    ),
)  # fmt: skip
BY_KEY = {one.key: one for one in PRESETS}


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def preset_for(table: Table) -> Preset | None:
    """The export that a table looks like."""
    best = max(PRESETS, key=lambda one: one.fits(table))
    return best if best.fits(table) else None


def columns_for(preset: Preset, table: Table) -> dict[str, tuple[str, ...]]:
    """Which column is what in such an export."""
    by_header = dict(zip(table.headers, table.names, strict=True))
    found = {role: (by_header[header],) for role, header in analysis.matched(table.headers, preset.roles).items()}
    words = analysis.header_words(table.headers)
    groups = tuple(by_header[words[_plain(name)]] for name in preset.groups if _plain(name) in words)
    return {**found, **({"labels": groups[:1]} if groups else {})}


def guess(table: Table, importer: str) -> dict[str, tuple[str, ...]]:
    preset = preset_for(table)
    return columns_for(preset, table) if preset and preset.importer == importer else {}


def prepared(table: Table, plan: Plan) -> Table:
    """Without the line below the header that explains the columns (TikTok writes one), and without totals at the end."""
    at = plan.one("at")
    if at not in table.names:
        return table
    keep = table.texts(at).str.contains(r"[0-9]") | (table.texts(at).str.strip_chars() == "")
    if keep.all():
        return table
    return replace(table, frame=table.frame.filter(keep), rows=table.rows.filter(keep), numbers={}, moments={})


def counted_in(importer: str, plan: Plan) -> list[Counted]:
    """The metrics that come out of a file with these columns."""
    return [one for one in COUNTED[importer] if all(plan.has(role) for role in one.needs)]


def check_orders(plan: Plan) -> None:
    if not plan.has("order"):
        raise ValidationError(
            {"mapping": _("Say which column is the order number: rows of one order are counted once.")}
        )


def check_parcels(plan: Plan) -> None:
    if not plan.has("parcel"):
        raise ValidationError({"mapping": _("Say which column is the tracking number.")})


def write_orders(arrival: Arrival, work: jobs.Running) -> Mapping[str, Any]:
    preset = BY_KEY.get(str(arrival.plan.settings.get("preset")))
    if "currency" in arrival.frame.columns:
        codes = analysis.said(arrival.frame, "currency")
        if len(codes) > 1:
            raise jobs.Refused(
                _("The file has amounts in several currencies (%(names)s). Make the column of the currency a label.")
                % {"names": ", ".join(codes[:6])}
            )
    frame = analysis.with_labels(arrival.frame, preset.labels if preset else {})
    per_item = bool(arrival.plan.settings.get("per_item", preset.per_item if preset else False))
    points = analysis.orders(frame, arrival.rows, zone=_zone(arrival), per_item=per_item)
    return _write(ORDERS, points, arrival, work)


def write_parcels(arrival: Arrival, work: jobs.Running) -> Mapping[str, Any]:
    preset = BY_KEY.get(str(arrival.plan.settings.get("preset")))
    frame = analysis.with_labels(arrival.frame, preset.labels if preset else {})
    within = float(arrival.plan.settings.get("within") or WITHIN)
    points = analysis.parcels(frame, arrival.rows, zone=_zone(arrival), within=within)
    return _write(PARCELS, points, arrival, work)


def _zone(arrival: Arrival) -> str:
    return arrival.plan.timezone or arrival.workspace.timezone


def _write(importer: str, points: Any, arrival: Arrival, work: jobs.Running) -> Mapping[str, Any]:
    wanted = {key: one for key, one in (arrival.plan.settings.get("metrics") or {}).items() if one} or {
        one.key: new_metric(one, "") for one in counted_in(importer, arrival.plan)
    }
    points = analysis.only_metrics(points, list(wanted))
    if not len(points):
        raise jobs.Refused(_("There is nothing to count in the file."))
    viewer = access.person_in(arrival.workspace, arrival.by) if arrival.by else access.the_house(arrival.workspace)
    if viewer is None:
        raise jobs.Refused(_("Only members of the workspace may write to its metrics."))
    rows = Metric.objects.visible_to(viewer).in_use().select_related("workspace")
    metrics = chosen([name for name, _row in analysis.names_in(points)], wanted, arrival, rows)
    backfill = bool(arrival.plan.settings.get("backfill"))
    result = put(points, metrics, by=arrival.by, now=arrival.now, work=work, backfill=backfill)
    arrival.learnt.update(metrics={name: metric.key for name, metric in metrics.items()})
    return summary_of(metrics.values(), result)


def new_metric(one: Counted, currency: str) -> dict[str, Any]:
    """A metric of a preset as it begins."""
    unit = currency if one.money else str(one.unit)
    code = unit if one.money and money.is_currency(unit) else ""
    return {
        "name": str(one.name), "aggregation": one.aggregation, "direction": one.direction, "grain": "day", "unit": unit,
        **({"currency": code} if code else {}),
    }  # fmt: skip


def check_preset(plan: Plan) -> Plan:
    """Refuse what a program says of a preset where there is none of that name."""
    if plan.settings.get("preset") not in BY_KEY:
        raise ValidationError({"preset": _("There are these presets: %(names)s.") % {"names": ", ".join(BY_KEY)}})
    if not isinstance(plan.settings.get("metrics") or {}, dict):
        raise ValidationError({"metrics": _("Say for each column of values into which metric it goes.")})
    return plan


def _fields(first: str, title: Any, *more: Field) -> tuple[Field, ...]:
    return (
        Field(first, title, "text", required=True, blank="keep"),
        Field("at", gettext_lazy("Time"), "moment", required=True, blank="keep"),
        *more,
        Field("status", gettext_lazy("State"), "text", blank="keep"),
        Field("labels", gettext_lazy("Label"), "text", many=True, blank="keep"),
    )


def _importer(key: str, task: str, fields: Sequence[Field], run: Any, check: Any) -> Importer:
    return Importer(
        key=key, title=gettext_lazy("Metrics"), task=task, fields=tuple(fields), run=run, check=check,
        settings=("preset", "metrics", "within", "per_item", "backfill"), guess=lambda table: guess(table, key), prepare=prepared,
    )  # fmt: skip


ORDER_FILES = _importer(
    ORDERS, "metrics.tasks.import_orders",
    _fields(
        "order", gettext_lazy("Order number"),
        Field("amount", gettext_lazy("Amount"), "number", blank="keep"),
        Field("refund", gettext_lazy("Refunded amount"), "number", blank="keep"),
        Field("quantity", pgettext_lazy("of items", "Quantity"), "number", blank="keep"),
        Field("currency", gettext_lazy("Currency"), "text", blank="keep"),
    ),
    write_orders, check_orders,
)  # fmt: skip
PARCEL_FILES = _importer(
    PARCELS, "metrics.tasks.import_parcels",
    _fields(
        "parcel", gettext_lazy("Tracking number"),
        Field("arrived", gettext_lazy("Arrived"), "moment", blank="keep"),
        Field("promised", gettext_lazy("Promised for"), "moment", blank="keep"),
    ),
    write_parcels, check_parcels,
)  # fmt: skip


def importer_for(mapping: str) -> Importer:
    """Which importer reads a file that a program sends: the one of the preset that it names, else plain points."""
    try:
        given = json.loads(mapping or "{}")
    except ValueError:
        return POINTS  # which says what is wrong with it
    if not isinstance(given, dict) or "preset" not in given:
        return POINTS
    preset = BY_KEY.get(str(given["preset"]))
    return PARCEL_FILES if preset and preset.importer == PARCELS else ORDER_FILES
