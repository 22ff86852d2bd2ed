"""Waiting lists: make one, take in what came and what was dealt with, and keep the time that each one waited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from metrics import analysis
from metrics.models import Metric, WaitingItem, WaitingList
from metrics.services.keeping import create_metric, free_key
from metrics.services.writing import EARLIEST, LATEST, MOST_LABELS, Given, text_of, write_points
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import Membership, User, Workspace
from opsboard.core.versions import compare_and_set

FIELDS = (
    "name", "description", "owner", "clock", "limit_hours", "reply_metric", "limited_to",
)  # fmt: skip
CLOCKS_DIFFER = timedelta(minutes=10)  # between another program's clock and ours
check_url = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class Item:
    """One thing as somebody tells it; what is None stays as it was."""

    reference: str
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    who: str | None = None
    url: str | None = None
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Taken:
    opened: int = 0
    closed: int = 0
    changed: int = 0
    unchanged: int = 0

    def as_dict(self) -> dict[str, int]:
        return {"opened": self.opened, "closed": self.closed, "changed": self.changed, "unchanged": self.unchanged}


def _check(row: WaitingList) -> None:
    if row.owner and not Membership.objects.active().of(row.workspace).filter(user=row.owner).exists():
        raise ValidationError({"owner": _("Only members of the workspace can own a waiting list.")})
    if row.reply_metric and row.reply_metric.workspace_id != row.workspace_id:
        raise ValidationError({"reply_metric": _("There is no such metric here.")})
    if row.reply_metric and row.reply_metric.aggregation != "mean":
        raise ValidationError({"reply_metric": _("Choose a metric that is averaged: waiting times do not add up.")})


@transaction.atomic
def create_waiting_list(
    *,
    workspace: Workspace,
    by: User | None,
    now: datetime,
    name: str,
    key: str = "",
    keep_times: bool = False,
    **given: Any,
) -> WaitingList:
    """A new list; with `keep_times` also a metric that takes up how long each one waited."""
    taken = WaitingList.objects.filter(workspace=workspace)
    row = WaitingList(
        workspace=workspace, key=key or free_key(name, taken, "waiting"), name=name, created_at=now, **given
    )
    _check(row)
    row.full_clean()
    if keep_times and row.reply_metric is None:
        row.reply_metric = create_metric(
            workspace=workspace, by=by, now=now, name=_("Time waited: %(name)s") % {"name": name}, unit="h",
            direction="down", aggregation="mean", grain="day", decimals=1, owner=row.owner, target=row.limit_hours,
            limited_to=row.limited_to, counted=_("Hours from the time it came until it was dealt with, on average"),
        )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as fault:
        raise ValidationError({"key": _("Another waiting list has this key.")}) from fault
    live.changed(workspace, "metrics")
    return row


@transaction.atomic
def change_waiting_list(
    *, row: WaitingList, by: User | None, now: datetime, version: int, **changes: Any
) -> WaitingList:
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"a waiting list has no {sorted(unknown)}")
    changed: WaitingList = WaitingList.objects.select_related("workspace").get(pk=row.pk)
    for name, value in changes.items():
        setattr(changed, name, value)
    _check(changed)
    changed.full_clean()
    changed.version = compare_and_set(WaitingList.objects.all(), row.pk, version, **changes)
    live.changed(changed.workspace, "metrics")
    return changed


@transaction.atomic
def archive_waiting_list(*, row: WaitingList, by: User | None, now: datetime) -> bool:
    """Nobody watches it any more; what waited is kept."""
    gone = WaitingList.objects.filter(pk=row.pk, archived_at=None).update(archived_at=now)
    live.changed(row.workspace, "metrics")
    return bool(gone)


@transaction.atomic
def take_in(
    *, row: WaitingList, items: Sequence[Item], by: User | None, now: datetime, missing_are_done: bool = False,
    told: bool = False,
) -> Taken:  # fmt: skip
    """What came, changed or was dealt with; the same again changes nothing. Raises ValidationError with the item's number.

    `missing_are_done`: the items are all that is open; what is not among them has been dealt with by now.
    """
    WaitingList.objects.select_for_update(of=("self",)).get(pk=row.pk)
    given = _once(items, now)
    known = {one.reference: one for one in row.items.filter(reference__in=list(given))}
    fresh: list[WaitingItem] = []
    changed: list[WaitingItem] = []
    moments: set[tuple[str, datetime]] = set()
    opened = closed = 0
    for reference, (number, item) in given.items():
        there = known.get(reference)
        before = (there.opened_at, there.closed_at, text_of(there.labels)) if there else None
        after = _merged(row, item, there, now, number)
        if after is None:
            continue
        (changed if there else fresh).append(after)
        was_open = before is not None and before[1] is None
        opened += after.closed_at is None and not was_open
        closed += after.closed_at is not None and (before is None or was_open)
        for end, labels in ((before[1], before[2]) if before else (None, ""), (after.closed_at, text_of(after.labels))):
            if end is not None:
                moments.add((labels, end))
    if missing_are_done:
        for left in row.items.open().exclude(reference__in=list(given)).filter(opened_at__lte=now):
            left.closed_at = now
            changed.append(left)
            closed += 1
            moments.add((text_of(left.labels), now))
    WaitingItem.objects.bulk_create(fresh, batch_size=2000)
    WaitingItem.objects.bulk_update(changed, ["opened_at", "closed_at", "who", "url", "labels"], batch_size=1000)
    _keep_times(row, moments, by, now, told=told)
    touched = len(fresh) + len(changed)
    if touched:
        emit(
            "metrics.waiting_changed", workspace=row.workspace, at=now, by=by, about=row, told=told, list=row.key,
            opened=opened, closed=closed,
        )  # fmt: skip
        live.changed(row.workspace, "metrics")
    return Taken(opened, closed, max(0, touched - opened - closed), max(0, len(given) - touched))


def _once(items: Sequence[Item], now: datetime) -> dict[str, tuple[int, Item]]:
    """Each reference once; the last word counts, as when an item is opened and closed in one batch."""
    found: dict[str, tuple[int, Item]] = {}
    for number, item in enumerate(items):
        if complaint := _wrong_with(item, now):
            raise ValidationError({f"items.{number}": complaint})
        reference = item.reference.strip()
        if reference in found:
            item = _joined(found[reference][1], item)
        found[reference] = (number, item)
    return found


def _joined(first: Item, then: Item) -> Item:
    """Two words about one thing: where the second says nothing, the first holds."""
    names = ("opened_at", "closed_at", "who", "url", "labels")
    said = {name: getattr(then, name) if getattr(then, name) is not None else getattr(first, name) for name in names}
    return Item(first.reference, **said)


def _wrong_with(item: Item, now: datetime) -> str:
    if not item.reference.strip() or len(item.reference.strip()) > 120:
        return _("An item needs a reference of up to 120 characters.")
    texts = (item.reference, item.who or "", item.url or "", *(item.labels or {}), *(item.labels or {}).values())
    if any("\x00" in text for text in texts):
        return _("Null characters are not allowed.")
    for at in (item.opened_at, item.closed_at):
        if at is not None and not EARLIEST <= at.year < LATEST:
            return _("The time lies outside the years 1900 to 2200.")
        if at is not None and at > now + CLOCKS_DIFFER:
            return _("This time lies in the future.")
    if item.who is not None and len(item.who) > 120:
        return _("A name may have up to 120 characters.")
    labels = item.labels or {}
    if len(labels) > MOST_LABELS or any(
        not name.strip() or len(name) > 100 or len(value) > 200 for name, value in labels.items()
    ):
        return _("At most 12 labels, with names of up to 100 and values of up to 200 characters.")
    if item.url:
        try:
            check_url(item.url)
        except ValidationError:
            return _("This is no address of a page.")
        if len(item.url) > 500:
            return _("This is no address of a page.")
    return ""


def _merged(row: WaitingList, item: Item, there: WaitingItem | None, now: datetime, number: int) -> WaitingItem | None:
    """The item as it is after what was said, or None where nothing is different."""
    labels = {name: value for name, value in (item.labels or {}).items() if value} if item.labels is not None else None
    if there is None:
        if item.closed_at is not None and item.opened_at is None:
            raise ValidationError({f"items.{number}": _("When did it begin to wait? Send opened_at as well.")})
        fresh = WaitingItem(
            waiting_list=row, reference=item.reference.strip(), opened_at=item.opened_at or now,
            closed_at=item.closed_at, who=item.who or "", url=item.url or "", labels=labels or {},
        )  # fmt: skip
        _in_order(fresh, number)
        return fresh
    wanted: dict[str, Any] = {"who": item.who, "url": item.url, "labels": labels, "opened_at": item.opened_at}
    if there.closed_at is None or item.closed_at is not None:
        wanted["closed_at"] = item.closed_at
    elif item.opened_at is None or item.opened_at <= there.closed_at:
        return None  # an opening from before the end is last week's news; only a later one is a new wait
    different = {name: value for name, value in wanted.items() if value is not None and value != getattr(there, name)}
    if "closed_at" not in wanted:
        different["closed_at"] = None
    if not different:
        return None
    for name, value in different.items():
        setattr(there, name, value)
    _in_order(there, number)
    return there


def _in_order(item: WaitingItem, number: int) -> None:
    if item.closed_at is not None and item.closed_at < item.opened_at:
        raise ValidationError({f"items.{number}": _("It would end before it began to wait.")})


def _keep_times(
    row: WaitingList, moments: Iterable[tuple[str, datetime]], by: User | None, now: datetime, *, told: bool
) -> None:
    """How long each one waited, into the chosen metric: of those that ended at one moment the mean, with their count."""
    wanted = set(moments)
    if row.reply_metric_id is None or not wanted:
        return
    metric = Metric.objects.select_related("workspace").get(pk=row.reply_metric_id)
    calendar = row.calendar
    waited: dict[tuple[str, datetime], list[float]] = {one: [] for one in wanted}
    for item in row.items.filter(closed_at__in={at for _labels, at in wanted}):
        place = (text_of(item.labels), item.closed_at)
        if place in waited:
            waited[place].append(analysis.hours_waited(calendar, item.opened_at, item.closed_at))
    points = [
        Given(at, sum(hours) / len(hours) if hours else 0.0, float(len(hours)), json.loads(labels))
        for (labels, at), hours in waited.items()
    ]
    if metric.archived_at is None:
        write_points(metric=metric, points=points, by=by, now=now, told=told)
