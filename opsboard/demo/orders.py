"""How an order flows at Lakeside Outdoor: six weeks of it, with one hand that confirms all stock and three that approve."""

from __future__ import annotations

import heapq
import random
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from opsboard.core.calendars import WorkCalendar, add_working_time, next_working_moment
from opsboard.core.models import User, Workspace
from processes import services as processes
from processes.models import Process

WEEKS = 6
A_DAY = 26
LARGE = 0.22  # orders that three people approve
WRONG = 0.09  # orders whose stock is confirmed twice
SEED = 20260102

type Event = dict[str, Any]
type Plan = list[tuple[str, str, float]]  # step, role, minutes of work on average


def flow(*, process: Process, people: dict[str, User], by: User, now: datetime) -> None:
    """The measured log of the drawn process, and the first whys."""
    checked = _steps()[1]
    processes.take_events(process=process, events=events(process.workspace, people, now), by=by, now=now)
    first = processes.answer_why(
        process=process, step=checked, text=_("One person confirms each order by hand"), by=by, now=now
    )
    processes.answer_why(
        process=process, step=checked, text=_("Shop and warehouse each have a stock list of their own"), by=by, now=now,
        parent=first,
    )  # fmt: skip


def _steps() -> tuple[str, ...]:
    """The drawn steps that the shop system knows: taking an order, its stock, picking, packing, the invoice."""
    drawn = [row.name for row in next(one for one in processes.trades() if one.key == "orders").steps()]
    return drawn[0], drawn[1], drawn[4], drawn[5], drawn[6]


def events(workspace: Workspace, people: dict[str, User], now: datetime) -> list[Event]:
    """What the shop system wrote down: orders come in all day, people work when they work."""
    chance = random.Random(SEED)
    crew = {
        "shop": [str(people["shop"])], "stock": [str(people["warehouse"])], "finance": [str(people["operations"])],
        "packing": [str(people["packing"]), _("Sun Li"), _("Tang Yu")], "service": [str(people["service"])],
    }  # fmt: skip
    calendar = workspace.calendar
    free: dict[str, datetime] = {}
    waiting: list[tuple[datetime, int, int]] = []
    plans: dict[int, tuple[Plan, str]] = {}
    found: list[Event] = []
    for number, placed in enumerate(_orders(chance, workspace, now)):
        channel = chance.choices([_("Own shop"), _("Marketplace")], [2, 1])[0]
        plans[number] = (_plan(chance, channel), channel)
        name = _name(number)
        found.append(_event(name, _steps()[0], "", placed, placed + timedelta(seconds=20), channel))
        heapq.heappush(waiting, (placed + timedelta(seconds=20), number, 0))
    while waiting:
        ready, number, at = heapq.heappop(waiting)
        plan, channel = plans[number]
        step, role, minutes = plan[at]
        person = min(crew[role], key=lambda one: free.get(one, ready))
        begin, end = _worked(calendar, max(ready, free.get(person, ready)), chance.gammavariate(4, minutes / 4))
        if end > now:
            continue
        free[person] = end
        found.append(_event(_name(number), step, person, begin, end, channel))
        if at + 1 < len(plan):
            heapq.heappush(waiting, (end, number, at + 1))
    return found


def _event(case: str, step: str, person: str, begin: datetime, end: datetime, channel: str) -> Event:
    return {
        "case": case, "activity": step, "resource": person, "start": begin, "end": end,
        "attributes": {_("channel"): channel},
    }  # fmt: skip


def _name(number: int) -> str:
    return f"LO-{20_000 + number}"


def _orders(chance: random.Random, workspace: Workspace, now: datetime) -> list[datetime]:
    today = now.astimezone(workspace.zone).date()
    moments = [
        datetime.combine(today - timedelta(days=back), time(), workspace.zone)
        + timedelta(hours=chance.triangular(7, 24, 20))
        for back in range(7 * WEEKS, -1, -1)
        for _order in range(max(6, round(chance.gauss(A_DAY, 4))))
    ]
    return sorted(moment for moment in moments if moment < now)


def _plan(chance: random.Random, channel: str) -> Plan:
    _took, checked, picked, packed, invoiced = _steps()
    plan: Plan = [(checked, "stock", 9.0)]
    if chance.random() < (WRONG if channel == _("Own shop") else 2 * WRONG):
        plan += [(_("Correct the order"), "service", 8.0), (checked, "stock", 9.0)]
    if chance.random() < LARGE:
        plan += [
            (_("Approve order: sales"), "shop", 4.0), (_("Approve order: finance"), "finance", 5.0),
            (_("Approve order: warehouse"), "stock", 3.0),
        ]  # fmt: skip
    return [*plan, (picked, "packing", 20.0), (packed, "packing", 14.0), (invoiced, "finance", 4.0)]


def _worked(calendar: WorkCalendar, ready: datetime, minutes: float) -> tuple[datetime, datetime]:
    begin = next_working_moment(calendar, ready)
    return begin, add_working_time(calendar, begin, minutes * 60)
