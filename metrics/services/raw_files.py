"""Numbers out of raw rows: order lines, deliveries, customers. The file is counted anew each time it comes, so the same
file twice changes nothing, and a longer one revises what it must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from metrics import analysis
from metrics.analysis import raw
from metrics.models import Metric
from metrics.services.files import summary_of
from metrics.services.keeping import create_metric
from metrics.services.writing import Given, Written, write_points
from opsboard.core import access, jobs
from opsboard.core.imports import Arrival, Field, Importer, Plan

CHUNK = 20_000


@dataclass(frozen=True)
class Kpi:
    """A number that raw rows can become, and the metric it goes into."""

    key: str
    title: Any
    metric: str
    counted: Any
    direction: str
    aggregation: str
    money: bool = False


KPIS: Mapping[str, Kpi] = {
    one.key: one
    for one in (
        Kpi("repurchase", gettext_lazy("Repurchase rate"), "repurchase-rate", gettext_lazy("Customers who buy again on another day within the window ÷ customers who first bought that day"), "up", "ratio"),
        Kpi("order_value", gettext_lazy("Average order value"), "order-value", gettext_lazy("Sales ÷ orders; a cancellation is no order"), "up", "mean", money=True),
        Kpi("orders", gettext_lazy("Orders"), "orders", gettext_lazy("Orders that were not cancelled"), "up", "sum"),
        Kpi("net_sales", gettext_lazy("Net sales"), "net-sales", gettext_lazy("What was sold, less what came back"), "up", "sum", money=True),
        Kpi("cancellations", gettext_lazy("Return rate"), "return-rate", gettext_lazy("Orders sent back or cancelled ÷ all orders"), "down", "ratio"),
        Kpi("on_time", gettext_lazy("On-time delivery"), "on-time-delivery", gettext_lazy("In time ÷ all that was promised; what never came was not in time"), "up", "ratio"),
        Kpi("on_time_done", gettext_lazy("On time, of what was delivered"), "on-time-of-delivered", gettext_lazy("In time ÷ all that came"), "up", "ratio"),
        Kpi("churn", gettext_lazy("Churn"), "churn", gettext_lazy("Customers who left ÷ all customers"), "down", "ratio"),
        Kpi("revenue_churn", gettext_lazy("Revenue churned"), "revenue-churn", gettext_lazy("Revenue of customers who left ÷ revenue at the start"), "down", "ratio"),
        Kpi("revenue", gettext_lazy("Monthly recurring revenue"), "mrr", gettext_lazy("Monthly revenue of all customers"), "up", "last", money=True),
    )
}  # fmt: skip
SETTINGS = ("kpis", "keys", "tolerance", "within", "as_of", "cancelled_begin", "backfill")
NO_KPI = gettext_noop("Choose at least one number.")


def missing_for(kpi: str, has: Any) -> list[str]:
    """The roles that a number still needs; of a choice the first is named."""
    return [group[0] for group in raw.NEEDS[kpi] if not any(has(role) for role in group)]


def check_raw(plan: Plan) -> None:
    """Each chosen number has its columns; said in the words of the columns."""
    titles = {one.name: one.title for one in RAW.fields}
    wanted = plan.settings.get("kpis")
    if wanted is None:
        return
    if not isinstance(wanted, list) or not wanted or any(key not in KPIS for key in wanted):
        raise ValidationError({"kpis": str(_(NO_KPI))})
    for key in wanted:
        if missing := missing_for(key, plan.has):
            text = _("“%(number)s” needs a column that is: %(role)s.")
            raise ValidationError({"kpis": text % {"number": KPIS[key].title, "role": titles[missing[0]]}})


def possible(plan: Plan) -> list[str]:
    """The numbers for which the plan has the columns."""
    return [key for key in KPIS if not missing_for(key, plan.has)]


def write_raw(arrival: Arrival, work: jobs.Running) -> Mapping[str, Any]:
    """Count the chosen numbers by day and label, and write them into their metrics."""
    plan = arrival.plan
    wanted = plan.settings.get("kpis") or possible(plan)
    if not wanted:
        raise jobs.Refused(_(NO_KPI))
    check_raw(Plan(columns=plan.columns, settings={"kpis": wanted}))
    asked = _asked(arrival)
    found = raw.prepared(arrival.frame, arrival.rows, asked)
    notes = _notes(found, arrival)
    metrics = _metrics(arrival, wanted)
    keys: dict[str, str] = {}
    result: dict[int, Written] = {}
    for place, key in enumerate(wanted):
        work.progress(0.3 + 0.65 * place / len(wanted), str(KPIS[key].title), now=True)
        values, cut = raw.values_of(key, found, asked)
        if cut is not None:
            notes.append(
                _("Customers who first bought on %(day)s or later are left out: their %(days)s days are not over yet.")
                % {"day": cut.isoformat(), "days": asked.within}
            )
        result[metrics[key].pk] = _write(metrics[key], values, arrival)
        keys[key] = metrics[key].key
    arrival.learnt.update(keys=keys, kpis=list(wanted))
    if len(keys) == 1:
        work.url = metrics[wanted[0]].get_absolute_url()
    return {**summary_of(metrics.values(), result), "notes": notes}


def _write(metric: Metric, values: Sequence[tuple[str, datetime, float, float]], arrival: Arrival) -> Written:
    total, backfill = Written(0, 0, 0), bool(arrival.plan.settings.get("backfill"))
    for first in range(0, len(values), CHUNK):
        points = [
            Given(at, value, weight, analysis.labels_from(labels))
            for labels, at, value, weight in values[first : first + CHUNK]
        ]
        total += write_points(metric=metric, points=points, by=arrival.by, now=arrival.now, backfill=backfill)
    return total


def _asked(arrival: Arrival) -> raw.Asked:
    said = arrival.plan.settings
    try:
        as_of = (
            date.fromisoformat(said["as_of"])
            if said.get("as_of")
            else arrival.now.astimezone(arrival.workspace.zone).date()
        )
        tolerance, within = float(said.get("tolerance") or 0), int(said.get("within", 90))
    except (TypeError, ValueError) as fault:
        raise jobs.Refused(_("Give the tolerance and the window as numbers, and the day as 2026-11-30.")) from fault
    begin = said.get("cancelled_begin") or ""
    if not (0 <= within <= 3660 and 0 <= tolerance < 1e9 and isinstance(begin, str) and 1900 <= as_of.year < 2200):
        raise jobs.Refused(_("Give the tolerance and the window as numbers, and the day as 2026-11-30."))
    return raw.Asked(str(arrival.workspace.zone), tolerance, within, as_of, begin)


def _notes(found: raw.Prepared, arrival: Arrival) -> list[str]:
    """What was odd in the file and how it was counted."""
    notes = []
    if found.without_amount:
        notes.append(
            ngettext(
                "%(count)s row has nothing in “%(column)s” (row %(row)s); it counts as nought.",
                "%(count)s rows have nothing in “%(column)s” (the first is row %(row)s); they count as nought.",
                found.without_amount,
            )
            % {"count": found.without_amount, "column": arrival.plan.one("amount"), "row": found.first_without}
        )
    if found.without_customer:
        notes.append(
            ngettext(
                "%(count)s row names no customer; it says nothing about who buys again.",
                "%(count)s rows name no customer; they say nothing about who buys again.",
                found.without_customer,
            )
            % {"count": found.without_customer}
        )
    return notes


def _metrics(arrival: Arrival, wanted: Sequence[str]) -> dict[str, Metric]:
    """Where each number goes: as the last time, into the metric of that key, or into a new one."""
    viewer = access.person_in(arrival.workspace, arrival.by) if arrival.by else access.the_house(arrival.workspace)
    if viewer is None:
        raise jobs.Refused(_("Only members of the workspace may write to its metrics."))
    learnt = arrival.plan.settings.get("keys") or {}
    answer = {}
    for key in wanted:
        kpi = KPIS[key]
        name = learnt.get(key) if isinstance(learnt, dict) else None
        rows = Metric.objects.visible_to(viewer).in_use().select_related("workspace")
        there = rows.filter(key=name or kpi.metric).first()
        if there is not None and there.aggregation != kpi.aggregation:
            there = None  # another meaning of the same word
        answer[key] = there or create_metric(
            workspace=arrival.workspace, by=arrival.by, now=arrival.now, name=str(kpi.title), key=_key(kpi, arrival),
            unit=arrival.workspace.currency if kpi.money else "%" if kpi.aggregation == "ratio" else "",
            direction=kpi.direction, aggregation=kpi.aggregation, owner=arrival.by, counted=str(kpi.counted),
        )  # fmt: skip
    return answer


def _key(kpi: Kpi, arrival: Arrival) -> str:
    """The usual key, or "" (one is made from the name) where something else has it."""
    return "" if Metric.objects.filter(workspace=arrival.workspace, key=kpi.metric).exists() else kpi.metric


RAW = Importer(
    key="metrics.raw",
    title=gettext_lazy("Numbers out of raw rows"),
    task="metrics.tasks.import_raw",
    fields=(
        Field("customer", gettext_lazy("Customer"), "text", blank="keep", shy=True, words=(
            "customerid", "customer", "buyer", "buyerid", "client", "email", "userid", "customername", "买家", "客户", "会员", "客户编号", "买家账号")),
        Field("order", gettext_lazy("Order number"), "text", blank="keep", shy=True, words=(
            "invoiceno", "orderid", "order", "ordernumber", "orderno", "invoice", "receipt", "订单号", "订单编号", "单号")),
        Field("amount", gettext_lazy("Amount"), "number", blank="keep", shy=True, words=(
            "amount", "monthlycharges", "mrr", "revenue", "total", "dollarvalue", "sales", "unitprice", "price", "金额", "实付金额", "销售额", "单价")),
        Field("quantity", gettext_lazy("Quantity (times the amount)"), "number", blank="keep", shy=True, words=("quantity", "qty", "数量")),
        Field("cancelled", gettext_lazy("Cancelled or returned"), "text", blank="keep", shy=True, words=(
            "cancelled", "canceled", "returned", "refunded", "是否取消", "是否退货", "是否退款")),
        Field("promised", gettext_lazy("Promised for"), "moment", blank="keep", shy=True, words=(
            "promised", "promisedat", "promiseddate", "due", "duedate", "planned", "承诺日期", "计划日期", "要求交期")),
        Field("delivered", gettext_lazy("Delivered at"), "moment", blank="keep", shy=True, words=(
            "delivered", "deliveredat", "delivereddate", "arrived", "交付日期", "送达时间", "签收时间")),
        Field("at", gettext_lazy("Time"), "moment", parts=True, words=(
            "orderdate", "invoicedate", "at", "date", "createdat", "time", "timestamp", "day", "paidat", "订单日期", "下单时间", "日期", "付款时间")),
        Field("late", gettext_lazy("How late"), "number", blank="keep", shy=True, words=("late", "delay", "arrdelay", "lateness", "延误", "延误分钟")),
        Field("left", gettext_lazy("Left: yes or no"), "text", blank="keep", shy=True, words=("churn", "churned", "left", "cancelledon", "流失", "是否流失")),
        Field("labels", gettext_lazy("Label"), "text", many=True, blank="keep", shy=True, words=(
            "country", "region", "channel", "shop", "store", "carrier", "origin", "contract", "category", "国家", "地区", "渠道", "店铺", "承运商", "合同")),
    ),
    run=write_raw,
    check=check_raw,
    settings=SETTINGS,
)  # fmt: skip
