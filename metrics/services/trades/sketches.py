"""How a metric of a trade is described before it exists, and the words that several trades share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

MONEY = "¤"  # the workspace's currency

# Who usually looks after it.
SERVICE, SALES, OPERATIONS = _("Head of customer service"), _("Head of sales"), _("Operations manager")
WAREHOUSE, QUALITY, PRODUCTION = _("Warehouse lead"), _("Quality lead"), _("Production lead")
MARKETING, FINANCE, SUCCESS = _("Marketing lead"), _("Finance lead"), _("Customer success lead")
MANAGER, CHEF, BUYER = _("Site manager"), _("Head chef"), _("Head of purchasing")
TEACHING, DISPATCH, FRONT_DESK = _("Head of teaching"), _("Dispatch lead"), _("Front office manager")

# How a target is set.
OWN_PAST = _("Take the median of your last eight weeks and ask for a tenth better; move it when you hold it a quarter.")
PROMISE = _("It follows from what you promise customers: ask them how long they wait before they turn elsewhere.")
BUDGET = _("Take it from this year's budget, divided by the days you trade.")
BEST_MONTH = _("Your best month of the last year shows what is possible: aim at it in every month.")
LOSS = _("Count what one case costs you; the target is where the next improvement costs more than it saves.")

# What must be in the raw rows.
CUSTOMER, ORDER, DAY, AMOUNT = _("customer"), _("order number"), _("date"), _("amount")
PROMISED, DELIVERED, RETURNED = _("promised date"), _("delivered date"), _("returned or cancelled")
OPENED, ANSWERED, VISITS = _("opened at"), _("answered at"), _("visits")
LEFT, REVENUE, PIECES = _("left: yes or no"), _("monthly revenue"), _("pieces")
GOOD, HOURS, COST = _("good pieces"), _("hours worked"), _("cost")


@dataclass(frozen=True)
class Sketch:
    """One metric: what it is called, how it is counted, which way is better, and what it works on (`under`)."""

    key: str
    name: Any
    counted: Any
    unit: str
    direction: str
    aggregation: str
    grain: str
    role: Any
    columns: tuple[Any, ...]
    how: Any
    target: float | None = None
    under: str = ""
    kind: str = "influences"
    sign: int = 1
    decimals: int | None = None


@dataclass(frozen=True)
class Trade:
    """What one kind of firm steers by: the first sketch is the north star."""

    key: str
    title: Any
    hint: Any
    icon: str
    sketches: tuple[Sketch, ...]

    @property
    def north_star(self) -> Sketch:
        return self.sketches[0]


def rate(key: str, name: Any, counted: Any, direction: str, *, grain: str = "day", **more: Any) -> Sketch:
    return Sketch(key, name, counted, "%", direction, "ratio", grain, **more)


def total(
    key: str, name: Any, counted: Any, direction: str, *, unit: str = "", grain: str = "day", **more: Any
) -> Sketch:
    return Sketch(key, name, counted, unit, direction, "sum", grain, **more)


def average(key: str, name: Any, counted: Any, unit: str, direction: str, *, grain: str = "day", **more: Any) -> Sketch:
    return Sketch(key, name, counted, unit, direction, "mean", grain, **more)


def first_reply(under: str) -> Sketch:
    return average(
        "first-reply", _("Time to first reply"), _("Hours from a customer's question to the first answer, on average"),
        "h", "down", role=SERVICE, columns=(OPENED, ANSWERED), how=PROMISE, target=2.0, under=under, sign=-1, decimals=1,
    )  # fmt: skip
