"""What waits, as numbers that others may watch: how old the oldest is, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis
from metrics.models import Waiting, WaitingItem, WaitingList, waiting_in
from opsboard.core.access import Viewer
from opsboard.core.calendars import WorkCalendar
from opsboard.core.contract import Indicator, Named, Parts, Reading, Ref, Watchable
from opsboard.core.models import Workspace
from opsboard.core.periods import Period

OLDEST, COUNT = "metrics.oldest_open", "metrics.open_count"
FINE, LONG = timedelta(minutes=15), timedelta(days=35)


def _lists(viewer: Viewer, keys: Sequence[str]) -> dict[int, WaitingList]:
    wanted = [key.partition(":")[2] for key in keys]
    rows = WaitingList.objects.visible_to(viewer).in_use().filter(key__in=wanted).select_related("workspace", "owner")
    return {row.pk: row for row in rows}


def _calendars(rows: Iterable[WaitingList]) -> dict[str, WorkCalendar]:
    """Each clock's calendar once; all lists are of one workspace."""
    return {row.clock: row.calendar for row in {row.clock: row for row in rows}.values()}


def _catalogue(prefix: str) -> Callable[[Viewer], Iterable[Watchable]]:
    def catalogue(viewer: Viewer) -> Iterable[Watchable]:
        rows = list(WaitingList.objects.visible_to(viewer).in_use().select_related("workspace"))
        names: dict[int, list[str]] = {}
        for one in waiting_in([row.pk for row in rows], timezone.now()):
            for name in one.labels:
                if name not in names.setdefault(one.list_id, []):
                    names[one.list_id].append(name)
        for row in rows:
            oldest = prefix == OLDEST
            title = _("Oldest open: %(name)s") if oldest else _("Open: %(name)s")
            yield Watchable(
                key=f"{prefix}:{row.key}", title=title % {"name": row.name}, unit="h" if oldest else "", direction="down",
                url=row.get_absolute_url(), about=Ref.to(row), dimensions=tuple(names.get(row.pk, ())),
                target=row.limit_hours if oldest else None, decimals=1 if oldest else 0,
            )  # fmt: skip

    return catalogue


def _read(prefix: str) -> Callable[[Viewer, Sequence[str], datetime], Sequence[Reading]]:
    def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> Sequence[Reading]:
        rows = _lists(viewer, keys)
        found: dict[int, list[Waiting]] = {pk: [] for pk in rows}
        for one in waiting_in(list(rows), now):
            found[one.list_id].append(one)
        answer = []
        calendars = _calendars(rows.values())
        for pk, row in rows.items():
            for one in found[pk] or [Waiting(pk, {}, 0, None)]:
                value = float(one.count)
                if prefix == OLDEST:
                    value = (
                        analysis.hours_waited(calendars[row.clock], one.oldest.opened_at, now) if one.oldest else 0.0
                    )
                answer.append(
                    Reading(
                        f"{prefix}:{row.key}",
                        one.labels,
                        now,
                        value,
                        about=Ref.to(row),
                        detail=_detail(row, one.oldest),
                    )
                )
        return answer

    return read


def _detail(row: WaitingList, item: WaitingItem | None) -> str:
    """The one that waits longest, by name, since when, and who has it; in the workspace's language."""
    if item is None:
        return ""
    with translation.override(row.workspace.language):
        since = item.opened_at.astimezone(row.workspace.zone)
        said = {
            "reference": item.reference,
            "since": since.strftime("%Y-%m-%d %H:%M"),
            "who": item.who or str(row.owner or ""),
        }
        if said["who"]:
            return _("%(reference)s, waiting since %(since)s, %(who)s") % said
        return _("%(reference)s, waiting since %(since)s, nobody has it") % said


type Past = Callable[[Viewer, Sequence[str], Period, Parts | None], dict[str, Sequence[Reading]]]
type Spans = dict[tuple[int, tuple[tuple[str, str], ...]], list[tuple[datetime, datetime | None]]]


def _history(prefix: str) -> Past:
    """Out of when each item came and went: so there is a past from the first day on."""

    def history(
        viewer: Viewer, keys: Sequence[str], period: Period, parts: Parts | None = None
    ) -> dict[str, Sequence[Reading]]:
        rows = _lists(viewer, keys)
        ticks = _ticks(period, timezone.now())
        answer: dict[str, Sequence[Reading]] = {}
        calendars = _calendars(rows.values())
        spans = _spans(rows, period, parts)
        for pk, row in rows.items():
            key, about, told = f"{prefix}:{row.key}", Ref.to(row), []
            for labels in [(), *sorted(pairs for of, pairs in spans if of == pk and pairs)]:
                queues = analysis.queues(spans.get((pk, labels), []), ticks)
                values = (
                    analysis.ages(calendars[row.clock], queues)
                    if prefix == OLDEST
                    else [float(one.count) for one in queues]
                )
                told += [
                    Reading(key, dict(labels), one.at, value, about=about)
                    for one, value in zip(queues, values, strict=True)
                ]
            answer[key] = told
        return answer

    return history


def _spans(rows: Iterable[int], period: Period, parts: Parts | None) -> Spans:
    """When each item came and went: of all, and of each label where parts are asked for."""
    spans: Spans = {}
    items: Any = WaitingItem.objects.filter(waiting_list__in=list(rows), opened_at__lt=period.end)
    for pk, since, until, labels in items.exclude(closed_at__lt=period.start).values_list(
        "waiting_list_id", "opened_at", "closed_at", "labels"
    ):
        spans.setdefault((pk, ()), []).append((since, until))
        if parts is not None:
            for pair in labels.items():
                if parts.labels in ({}, dict([pair])):
                    spans.setdefault((pk, (pair,)), []).append((since, until))
    if parts is not None:
        known: dict[int, int] = {}
        for pk, pairs in sorted(spans):
            known[pk] = known.get(pk, 0) + bool(pairs)
            if known[pk] > parts.most:
                del spans[pk, pairs]
    return spans


def _ticks(period: Period, now: datetime) -> list[datetime]:
    step = FINE if period.end - period.start <= LONG else timedelta(hours=1)
    seconds = int(step.total_seconds())
    first = -(-int(period.start.timestamp()) // seconds) * seconds
    last = int(min(period.end, now).timestamp())
    return [datetime.fromtimestamp(at, UTC) for at in range(first, last, seconds)]


def lists_by_name(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    found = WaitingList.objects.filter(workspace=workspace).select_related("workspace")
    for row in found if pks is None else found.filter(pk__in=pks):
        state = "archived" if row.archived_at else ""
        yield Named(
            row.pk, row.name, state, row.get_absolute_url(), f"{row.key} {row.description}", tuple(row.limited_to)
        )


INDICATORS = (
    Indicator(
        OLDEST,
        gettext_lazy("Age of the oldest open one"),
        _catalogue(OLDEST),
        _read(OLDEST),
        _history(OLDEST),
        snapshot=False,
    ),
    Indicator(
        COUNT, gettext_lazy("How many are open"), _catalogue(COUNT), _read(COUNT), _history(COUNT), snapshot=False
    ),
)
