"""What a metric was: by time, now, in another currency, and calculated from others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from metrics import analysis
from metrics.models.buckets import (
    FINE,
    Asked,
    Bucket,
    Plan,
    plans_of,
    read_newest,
    read_points,
)
from metrics.models.latest import read_latest
from metrics.models.metric import Grain
from metrics.models.points import begins_after
from metrics.models.rolled import read_rollups
from metrics.models.stored import Revision, Span
from opsboard.core import money
from opsboard.core.models import Workspace, rates_of
from opsboard.core.periods import start_of_day

BACK = 35  # buckets that a calculated metric's newest value is looked for in
Labels = tuple[tuple[str, str], ...]


def buckets(
    metric_ids: Sequence[int],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    grain: str = "",
    whole: bool = False,
    by: Sequence[str] = (),
    each: bool = False,
    labels: Mapping[str, str] | None = None,
    only: Sequence[Mapping[str, str]] | None = None,
    currency: str = "",
    by_places: bool = False,
    plans: Mapping[int, Plan] | None = None,
) -> list[Bucket]:
    """The metrics' values by time, in a few queries however many metrics: each at its own grain, all at `grain`, or as
    one value for the `whole` time.

    `start` is in, `end` is out. `by` groups by these labels, `each` by every label set; `labels` narrows to label sets
    that have these, `only` to these very ones. Metrics of money are read in `currency`, each day at its rate; raises `money.NoRate`. The caller has
    chosen metrics that the viewer may see.

    Where labels lie in places with a clock of their own, each one's days are its own: the bucket of a date holds what lies
    on that date there. With `by_places` hours are read so as well, as the clocks on the walls show them.
    Who asks several questions at once gives each the same `plans`.
    """
    if not metric_ids:
        return []
    plans = plans_of(metric_ids) if plans is None else plans
    asked = Asked(start, end, grain, whole, tuple(by), each, labels, only, by_places)
    return _read([plans[pk] for pk in dict.fromkeys(metric_ids) if pk in plans], plans, asked, currency)


def _read(wanted: Sequence[Plan], plans: Mapping[int, Plan], asked: Asked, currency: str) -> list[Bucket]:
    found = _plain([plan for plan in wanted if not plan.formula], asked, currency)
    by_key = {(plan.workspace_id, plan.key): plan for plan in plans.values()}
    for plan in wanted:
        if plan.formula:
            found += _calculated(plan, by_key, asked, currency)
    return found


def _plain(plans: Sequence[Plan], asked: Asked, currency: str) -> list[Bucket]:
    found: list[Bucket] = []
    from_points: list[Plan] = []

    def sort(plan: Plan) -> tuple[str, str, int, bool]:
        placed = _by_places(plan, asked)
        return (
            plan.zone,
            plan.currency if _converts(plan, currency) else "",
            0 if placed else _span(plan, asked),
            placed,
        )

    for (_zone, source, span, placed), together in groupby(sorted(plans, key=sort), key=sort):
        members = list(together)
        here = replace(asked, by_places=placed)
        worth = _worth(members, here, source, currency) if source else None
        rolled = read_rollups(members, here, Span(span), worth) if span else None
        if rolled is not None:
            found += rolled
        elif worth is not None or placed:
            found += read_points(members, here, worth)
        else:
            from_points += members
    return found + (read_points(from_points, replace(asked, by_places=False)) if from_points else [])


def _by_places(plan: Plan, asked: Asked) -> bool:
    """Whether each place's own days are asked for: by day or longer, or as one value of whole days."""
    if not plan.places:
        return False
    if asked.by_places:
        return True
    if asked.whole:
        zone = ZoneInfo(plan.zone)
        edges = (one.astimezone(zone).time() for one in (asked.start, asked.end) if one is not None)
        return all(edge == time.min for edge in edges)
    return (asked.grain or plan.grain) not in FINE


def _converts(plan: Plan, currency: str) -> bool:
    return bool(currency and plan.currency and plan.currency != currency and plan.aggregation != "count")


def _span(plan: Plan, asked: Asked) -> int:
    """The roll-ups that serve a question; 0: none."""
    grain = asked.grain or plan.grain
    if plan.percentile or not plan.fresh or not plan.rolled or (grain == "minute" and not asked.whole):
        return 0
    if grain == "hour" and not asked.whole:
        return int(Span.HOUR) if plan.rolled > 1 else 0
    return int(Span.DAY)


def _worth(plans: Sequence[Plan], asked: Asked, source: str, target: str) -> list[tuple[datetime, float]]:
    """From when on one `source` is how many `target`, by these metrics' clock. Raises `money.NoRate`."""
    workspace = Workspace.objects.get(pk=plans[0].workspace_id)
    rates, zone = rates_of(workspace), ZoneInfo(plans[0].zone)
    dated: list[tuple[datetime, float]] = []
    for day in rates.days():
        try:
            rate = float(rates.rate(source, target, day))
        except money.NoRate:
            continue
        if not dated or dated[-1][1] != rate:
            dated.append((start_of_day(day, zone), rate))
    first = begins_after([plan.id for plan in plans], asked.start)
    if first is not None and (asked.end is None or first < asked.end) and (not dated or first < dated[0][0]):
        raise money.NoRate(source, target, first.astimezone(zone).date())
    return dated or [(start_of_day(date(1900, 1, 1), zone), 0.0)]


def _calculated(plan: Plan, by_key: Mapping[tuple[int, str], Plan], asked: Asked, currency: str) -> list[Bucket]:
    """A formula over the same times and groups of its operands; no value where one of them has none."""
    trees: dict[str, analysis.Term] = {}
    plain: dict[str, Plan] = {}
    _unfold(plan, by_key, trees, plain)
    currency = (currency or plan.currency) if plan.currency else ""
    by_own = asked if asked.grain else replace(asked, grain=plan.grain)
    cells: dict[tuple[Labels, datetime], dict[str, Bucket]] = {}
    keys = {operand.id: operand.key for operand in plain.values()}
    for one in _plain(list(plain.values()), by_own, currency):
        cells.setdefault((tuple(sorted(one.labels.items())), one.at), {})[keys[one.metric_id]] = one
    answer = []
    for (_labels, at), there in sorted(cells.items(), key=lambda item: item[0]):
        values: dict[str, float | None] = {key: there[key].value if key in there else None for key in plain}
        for key in reversed(trees):  # the ones that others are made of come last
            values[key] = analysis.value_of(trees[key], values)
        weight = analysis.weight_of(trees[plan.key], values)
        some = next(iter(there.values()))
        revised = any(one.revised for one in there.values())
        answer.append(Bucket(plan.id, some.labels, at, values[plan.key], weight, revised))
    return answer


def _unfold(
    plan: Plan, by_key: Mapping[tuple[int, str], Plan], trees: dict[str, analysis.Term], plain: dict[str, Plan],
    above: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """The formulas that a calculated metric stands on, from itself down, and the metrics that have points."""
    tree = analysis.parse(plan.formula)
    trees.pop(plan.key, None)
    trees[plan.key] = tree
    for name in analysis.names_of(tree):
        operand = by_key.get((plan.workspace_id, name))
        if operand is None or name in above:
            continue  # it has no value
        if operand.formula:
            _unfold(operand, by_key, trees, plain, (*above, plan.key))
        else:
            plain[name] = operand


def newest(metric_ids: Sequence[int], *, now: datetime, each: bool = False, currency: str = "") -> list[Bucket]:
    """Each metric's newest bucket that has begun by `now` (with `each`: of each label set), in two queries."""
    plans = plans_of(metric_ids) if metric_ids else {}
    return _now(metric_ids, plans, now, each, currency)


def newest_both(metric_ids: Sequence[int], *, now: datetime) -> tuple[list[Bucket], list[Bucket]]:
    """The newest buckets over all labels, and those of each label set; three queries."""
    plans = plans_of(metric_ids) if metric_ids else {}
    return _now(metric_ids, plans, now, False, ""), _now(metric_ids, plans, now, True, "")


def _now(
    metric_ids: Sequence[int], plans: Mapping[int, Plan], now: datetime, each: bool, currency: str
) -> list[Bucket]:
    wanted = [plans[pk] for pk in dict.fromkeys(metric_ids) if pk in plans]
    found = _newest([plan for plan in wanted if not plan.formula], now, each)
    if currency:
        found = _converted(found, plans, now, each, currency)
    for plan in wanted:
        if plan.formula:
            found += _newest_calculated(plan, plans, now, each, currency)
    return found


def _newest(plans: Iterable[Plan], now: datetime, each: bool) -> list[Bucket]:
    kept: list[Plan] = []
    others: list[Plan] = []
    placed: list[Plan] = []
    for plan in plans:
        if plan.last_at is None:
            continue  # nothing was ever written
        if plan.by_places:
            placed.append(plan)
        elif plan.fresh and not plan.percentile and plan.last_at <= now:
            kept.append(plan)
        else:
            others.append(plan)
    found = read_latest(kept, each=each) if kept else []
    if placed:
        found += read_newest(placed, now=now, each=each, by_places=True)
    return found + (read_newest(others, now=now, each=each) if others else [])


def _converted(
    found: Sequence[Bucket], plans: Mapping[int, Plan], now: datetime, each: bool, currency: str
) -> list[Bucket]:
    moved = [one for one in found if _converts(plans[one.metric_id], currency)]
    if not moved:
        return list(found)
    asked = Asked(min(one.at for one in moved), now + timedelta(microseconds=1), each=each)
    ids = {one.metric_id for one in moved}
    worth = {
        (one.metric_id, tuple(sorted(one.labels.items())), one.at): one
        for one in _plain([plans[pk] for pk in ids], asked, currency)
    }
    return [worth.get((one.metric_id, tuple(sorted(one.labels.items())), one.at), one) for one in found]


def _newest_calculated(plan: Plan, plans: Mapping[int, Plan], now: datetime, each: bool, currency: str) -> list[Bucket]:
    by_key = {(one.workspace_id, one.key): one for one in plans.values()}
    plain: dict[str, Plan] = {}
    _unfold(plan, by_key, {}, plain)
    reached: dict[int, datetime] = {}
    for one in _newest(plain.values(), now, each=False):
        reached[one.metric_id] = max(one.at, reached.get(one.metric_id, one.at))
    if len(reached) < len(plain):
        return []  # one of them never had a value
    back = timedelta(seconds=Grain(plan.grain).seconds)
    start = min(reached.values(), default=now) - back * BACK
    asked = Asked(start, now + timedelta(microseconds=1), plan.grain, each=each)
    groups: dict[Labels, Bucket] = {}
    for one in _calculated(plan, by_key, asked, currency):
        if one.at < start:
            continue  # its beginning is cut off
        labels = tuple(sorted(one.labels.items()))
        if one.value is not None or labels not in groups or groups[labels].value is None:
            groups[labels] = one
    return list(groups.values())


def versions(metric_ids: Sequence[int]) -> dict[int, str]:
    """`{metric: a text that differs whenever its values may}`: for ETags; one query."""
    plans = plans_of(metric_ids)
    by_key = {(one.workspace_id, one.key): one for one in plans.values()}
    answer: dict[int, str] = {}
    for pk in metric_ids:
        plan = plans.get(pk)
        if plan is None:
            continue
        plain: dict[str, Plan] = {}
        trees: dict[str, Any] = {}
        if plan.formula:
            _unfold(plan, by_key, trees, plain)
        members = sorted(
            [plan, *plain.values(), *(by_key[plan.workspace_id, key] for key in trees)], key=lambda one: one.id
        )
        answer[pk] = "-".join(
            f"{one.id}.{one.version}.{one.definition}{one.places[:8]}" for one in dict.fromkeys(members)
        )
    return answer


def revised_since(
    metric_ids: Sequence[int], since: datetime, *, horizon: timedelta = timedelta(days=7), now: datetime
) -> list[tuple[int, Mapping[str, str], datetime]]:
    """(metric, labels, bucket) of what was changed or came late after `since`, for buckets no older than the horizon."""
    rows = (
        Revision.objects.filter(metric__in=list(metric_ids), made_at__gt=since, bucket__gte=now - horizon)
        .values_list("metric_id", "label_set__labels", "bucket", "label_set_id")
        .order_by("metric_id", "bucket", "label_set_id")
        .distinct()
    )
    return [(metric, labels, bucket) for metric, labels, bucket, _set in rows]
