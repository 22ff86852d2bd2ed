"""What happened at Lakeside Outdoor: sixteen weeks of numbers, what was watched, done and decided."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics import services as metrics
from metrics.models import Metric
from opsboard.alerts import services as alerts
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.models import Role, User, Workspace
from opsboard.demo import boards, flows, orders
from opsboard.reports import services as reports
from opsboard.review import services as review
from opsboard.work import services as work
from opsboard.work.models import Action

DAYS = 112
SLOW_SINCE = 20  # days ago: two people left the after-sales desk
PACKED_BETTER = 38  # days ago: new boxes
SEED = 20260101

type Rows = list[metrics.Given]


def has_numbers(workspace: Workspace) -> bool:
    return Metric.objects.filter(workspace=workspace).exists()


def tell(*, workspace: Workspace, people: dict[str, User], by: User, now: datetime) -> None:
    """Numbers first, then what people did about them."""
    known = numbers(workspace=workspace, people=people, by=by, now=now)
    tickets = line_up(workspace=workspace, people=people, by=by, now=now)
    watch(workspace=workspace, people=people, by=by, known=known, tickets=tickets, now=now)
    boards.hang(
        workspace=workspace, by=by, known=known, carrier=_("carrier"), line=_("line"), now=now,
        days={"packed": PACKED_BETTER, "left": SLOW_SINCE, "sale": 9},
    )  # fmt: skip
    process = flows.draw(workspace=workspace, by=by, now=now)
    orders.flow(process=process, people=people, by=by, now=now)
    done = act(workspace=workspace, people=people, by=by, known=known, now=now)
    decide(workspace=workspace, by=by, done=done, now=now)
    reports.open_report(workspace=workspace, by=by, now=now, title=_("Weekly report"))


def numbers(*, workspace: Workspace, people: dict[str, User], by: User, now: datetime) -> dict[str, Metric]:
    """Nine metrics, each with its generated past."""
    described: list[tuple[str, dict[str, Any]]] = [
        ("on-time", {"name": _("On-time delivery"), "unit": "%", "direction": "up", "aggregation": "ratio", "target": 0.95, "owner": people["warehouse"], "description": _("Parcels that arrived on the promised day, of all parcels sent.")}),
        ("first-reply", {"name": _("First reply, after-sales"), "unit": "h", "direction": "down", "aggregation": "mean", "target": 2.0, "decimals": 1, "owner": people["service"], "description": _("Hours until a customer gets the first answer.")}),
        ("complaints", {"name": _("Complaints"), "unit": "", "direction": "down", "aggregation": "sum", "target": 9.0, "owner": people["service"]}),
        ("sales", {"name": _("Sales"), "unit": "CNY", "direction": "up", "aggregation": "sum", "decimals": 0, "owner": people["operations"], "counted": _("Orders × average order value")}),
        ("orders", {"name": _("Orders"), "unit": "", "direction": "up", "aggregation": "sum", "owner": people["shop"]}),
        ("order-value", {"name": _("Average order value"), "unit": "CNY", "direction": "up", "aggregation": "mean", "target": 320.0, "decimals": 0, "owner": people["shop"]}),
        ("damages", {"name": _("Damaged on arrival"), "unit": "%", "direction": "down", "aggregation": "ratio", "target": 0.012, "owner": people["packing"]}),
        ("stock", {"name": _("Tents in stock"), "unit": "", "direction": "up", "aggregation": "last", "target": 150.0, "owner": people["warehouse"]}),
    ]  # fmt: skip
    chance = random.Random(SEED)
    series: dict[str, Rows] = {key: [] for key, _given in described}
    for age, day in days(workspace, now):
        for key, rows in one_day(chance, workspace, age, day).items():
            series[key].extend(rows)
    known = {}
    for key, given in described:
        metric = metrics.create_metric(workspace=workspace, by=by, now=now, key=key, grain="day", **given)
        metrics.write_points(metric=metric, points=series[key], by=by, now=now, told=True)
        known[key] = metric
    plant(known=known, by=by, now=now)
    calls = metrics.create_metric(
        workspace=workspace, by=by, now=now, key="complaint-calls", grain="hour", name=_("Complaints by the hour"),
        direction="down", aggregation="sum", decimals=0, owner=people["service"],
        description=_("Each complaint at its hour, with product line, batch and channel."),
    )  # fmt: skip
    metrics.write_points(metric=calls, points=complaints(workspace, now), by=by, now=now, told=True)
    known[calls.key] = calls
    return known


def complaints(workspace: Workspace, now: datetime) -> Rows:
    """Twelve weeks by the hour: most come on weekend evenings about the stoves, and lately most are about one batch."""
    chance = random.Random(SEED + 2)
    lines = (_("Camping stoves"), _("Tents"), _("Sleeping bags"))
    channels = (_("Telephone"), _("Chat"), _("E-mail"))
    found: dict[tuple[datetime, str, str, str], float] = {}
    for age, day in days(workspace, now):
        if age > 84:
            continue
        weekend = day.weekday() >= 5
        for _one in range(max(0, round(chance.gauss(9 if weekend else 6, 1.8)))):
            evening = weekend and chance.random() < 0.6
            hour = chance.choice((20, 20, 21, 21, 22)) if evening else chance.randint(8, 22)
            line = lines[0] if evening and chance.random() < 0.8 else chance.choice(lines)
            bad = age <= SLOW_SINCE and line == lines[0] and chance.random() < 0.75
            batch = "B-0917" if bad else f"B-0{chance.randint(901, 908)}"
            at = datetime.combine(day, time(hour), workspace.zone)
            place = (at, line, batch, chance.choice(channels))
            found[place] = found.get(place, 0.0) + 1
    return [
        metrics.Given(at, count, 1.0, {_("line"): line, _("batch"): batch, _("channel"): channel})
        for (at, line, batch, channel), count in found.items()
    ]


def plant(*, known: dict[str, Metric], by: User, now: datetime) -> None:
    """Sales are orders times their value; what customers live through works on the orders."""
    for child, parent, kind, sign in (
        ("orders", "sales", "multiplies", 1), ("order-value", "sales", "multiplies", 1),
        ("on-time", "orders", "influences", 1), ("first-reply", "complaints", "influences", 1),
        ("damages", "complaints", "influences", 1), ("complaints", "orders", "influences", -1),
    ):  # fmt: skip
        metrics.hang_under(child=known[child], parent=known[parent], by=by, now=now, kind=kind, sign=sign)
    metrics.name_north_star(metric=known["sales"], by=by, now=now)
    for key in ("on-time", "first-reply", "complaints", "order-value", "damages"):
        metrics.pin_metric(metric=known[key], by=by, now=now)


def days(workspace: Workspace, now: datetime) -> Iterator[tuple[int, date]]:
    """`(days ago, day)`, the oldest first, up to yesterday; the first week is a whole one."""
    today = now.astimezone(workspace.zone).date()
    oldest = DAYS + (today - timedelta(days=DAYS)).weekday()
    for age in range(oldest, 0, -1):
        yield age, today - timedelta(days=age)


def one_day(chance: random.Random, workspace: Workspace, age: int, day: date) -> dict[str, Rows]:
    at = datetime.combine(day, time(), workspace.zone)
    weekend = day.weekday() >= 5
    growth = 1 + 0.15 * (DAYS - age) / DAYS
    orders = max(20, round(chance.gauss(150 * growth * (1.25 if weekend else 1), 12)))
    slow = age <= SLOW_SINCE
    hours = max(0.4, chance.gauss(2.9 if slow else 1.45, 0.35 if slow else 0.22))
    good_boxes = age <= PACKED_BETTER
    parcels = {_("Swift Parcel"): round(orders * 0.65), _("Lake Express"): orders - round(orders * 0.65)}
    late = {_("Swift Parcel"): 0.03, _("Lake Express"): 0.13 if age <= 27 else 0.05}
    value = round(chance.gauss(325 + 8 * math.sin(age / 9), 9), 2)
    answer: dict[str, Rows] = {
        "orders": [metrics.Given(at, float(orders))],
        "order-value": [metrics.Given(at, value, float(orders))],
        "sales": [metrics.Given(at, round(orders * value, 2))],
        "first-reply": [metrics.Given(at, round(hours, 2), float(max(5, round(orders * 0.2))))],
        "complaints": [metrics.Given(at, float(max(0, round(chance.gauss(11.5 if slow else 6.5, 1.8)))))],
        "damages": [metrics.Given(at, round(max(0.0, chance.gauss(0.009 if good_boxes else 0.021, 0.003)), 4), float(orders))],
        "stock": [metrics.Given(at, float(180 - (age * 7) % 90 + chance.randint(-6, 6)))],
        "on-time": [],
    }  # fmt: skip
    for carrier, sent in parcels.items():
        on_time = sum(chance.random() > late[carrier] for _parcel in range(sent))
        answer["on-time"].append(metrics.Given(at, on_time / sent, float(sent), {_("carrier"): carrier}))
    return answer


def line_up(*, workspace: Workspace, people: dict[str, User], by: User, now: datetime) -> Any:
    """Open after-sales tickets: some were answered, and one has waited for more than two hours."""
    row = metrics.create_waiting_list(
        workspace=workspace, by=by, now=now, name=_("Open after-sales tickets"), key="after-sales",
        owner=people["service"], limit_hours=2.0, description=_("Questions of customers that nobody has answered yet."),
    )  # fmt: skip
    chance = random.Random(SEED + 1)
    teams = (_("Telephone"), _("Chat"), _("E-mail"))
    items = []
    for number in range(40):
        since = now - timedelta(hours=72 - number * 1.7, minutes=chance.randint(0, 40))
        until = min(since + timedelta(hours=chance.uniform(0.3, 2.2)), now)
        items.append(
            metrics.Item(
                f"AS-{1200 + number}", since, until, str(people["service"]), labels={_("channel"): teams[number % 3]}
            )
        )
    for place, (minutes, who) in enumerate(((193, "service"), (74, "service"), (41, "shop"), (12, "service"))):
        since = now - timedelta(minutes=minutes)
        items.append(
            metrics.Item(f"AS-{1240 + place}", since, who=str(people[who]), labels={_("channel"): teams[place % 3]})
        )
    metrics.take_in(row=row, items=items, by=by, now=now, told=True)
    return row


def watch(
    *, workspace: Workspace, people: dict[str, User], by: User, known: dict[str, Metric], tickets: Any, now: datetime
) -> None:
    """Three numbers speak up, and the ticket that waits longest; the slow answers do so now."""
    viewer = Viewer(workspace, by, Role.ADMIN)
    for key, op, value, clear, severity, person in (
        ("first-reply", ">", 2.0, 1.8, "critical", "service"),
        ("on-time", "<", 0.9, 0.93, "warning", "warehouse"),
        ("stock", "<", 95.0, 120.0, "warning", "warehouse"),
    ):
        alerts.watch_number(
            viewer=viewer, now=now, indicator=known[key].indicator, op=op, value=value, clear=clear, severity=severity,
            people=[people[person], by], about=Ref.to(known[key]),
        )  # fmt: skip
    alerts.watch_number(
        viewer=viewer, now=now, indicator=tickets.oldest_indicator, op=">", value=2.0, scope="whole", severity="critical",
        people=[people["service"], by], about=Ref.to(tickets),
    )  # fmt: skip
    alerts.evaluate(workspace=workspace, now=now)


def act(
    *, workspace: Workspace, people: dict[str, User], by: User, known: dict[str, Metric], now: datetime
) -> dict[str, Action]:
    """Improvement actions: two done, one in hand, one overdue, two to do."""
    today = now.astimezone(workspace.zone).date()
    told: list[tuple[str, str, str, str, int, int | None, str, str]] = [
        # key, title, owner, acceptance criteria, opened days ago, due in days, metric, state
        ("boxes", _("Ship tents in double-wall boxes"), "packing", _("Fewer than 12 in 1,000 parcels arrive damaged, four weeks running."), 45, -36, "damages", "done"),
        ("form", _("Merge the two return forms into one"), "service", _("One form on the web site; nobody types a return twice."), 24, -10, "complaints", "done"),
        ("desk", _("Train two people for the after-sales desk"), "service", _("First reply under two hours on ten working days in a row."), 9, 5, "first-reply", "doing"),
        ("carrier", _("Agree on pick-up at 15:00 with Lake Express"), "warehouse", _("Late parcels of this carrier under 5 in 100."), 16, -2, "on-time", "to_do"),
        ("approval", _("Remove the second approval of refunds under 200"), "operations", _("Refunds under 200 leave the same day."), 4, 7, "first-reply", "to_do"),
        ("count", _("Count tent pegs at goods-in"), "warehouse", _("No tent leaves without pegs."), 2, 12, "", "to_do"),
    ]  # fmt: skip
    made: dict[str, Action] = {}
    for key, title, owner, criteria, age, due, metric, state in told:
        opened = now - timedelta(days=age)
        action = work.open_action(
            workspace=workspace, by=by, now=opened, title=title, owner=people[owner], acceptance_criteria=criteria,
            due_on=today + timedelta(days=due) if due is not None else None,
            indicator=known[metric].indicator if metric else "", about=Ref.to(known[metric]) if metric else None, told=True,
        )  # fmt: skip
        if state == "done" and due is not None:
            work.close_action(action=action, by=people[owner], now=now + timedelta(days=due - 1), told=True)
        elif state == "doing":
            work.move_action(
                action=action, column="doing", position=0, by=people[owner], now=opened + timedelta(days=1)
            )
        made[key] = action
    return made


def decide(*, workspace: Workspace, by: User, done: dict[str, Action], now: datetime) -> None:
    """The three weeks before this one were reviewed and closed."""
    for weeks, fix, decision, summary in (
        (3, "form", _("One return form instead of two, from Monday on."), _("Answers grew slow when two people left. The return forms are merged first.")),
        (2, "carrier", _("The warehouse talks to Lake Express about an earlier pick-up."), _("Nine in ten late parcels come from one carrier.")),
        (1, "desk", _("Two people from packing learn the after-sales desk, an hour a day."), _("The desk stays the bottleneck until two more can answer.")),
    ):  # fmt: skip
        moment = now - timedelta(weeks=weeks)
        week = review.open_review(workspace=workspace, period=workspace.week_of(moment), now=moment)
        review.note_decision(review=week, text=decision, by=by, now=moment)
        review.choose_fix(review=week, action=Ref.to(done[fix]), by=by, now=moment)
        review.close_week(review=week, summary=summary, by=by, now=moment)
