"""Write points: idempotent, in bulk, and told once.

The same point again changes nothing; another value for the same time and labels revises it. One metric's writers take
turns (its row is locked), so that two imports never wait for each other crosswise.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from metrics import analysis
from metrics.models import LabelSet, Metric
from metrics.services import storing
from opsboard.core import effects, live
from opsboard.core.events import emit
from opsboard.core.models import User

MOST_LABEL_SETS = 20_000
MOST_LABELS = 12
EARLIEST, LATEST = 1900, 2200


@dataclass(frozen=True)
class Given:
    """A point as somebody gives it."""

    at: datetime
    value: float
    weight: float = 1.0
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Written:
    written: int
    unchanged: int
    revised: int

    @property
    def changed(self) -> int:
        return self.written + self.revised

    def __add__(self, other: Written) -> Written:
        return Written(self.written + other.written, self.unchanged + other.unchanged, self.revised + other.revised)

    def as_dict(self) -> dict[str, int]:
        return {"written": self.written, "unchanged": self.unchanged, "revised": self.revised}


def text_of(labels: Mapping[str, str]) -> str:
    """Labels as their one text: sorted, blank ones left out."""
    kept = {name: value for name, value in labels.items() if value != ""}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)


def lock(metric_ids: Iterable[int]) -> None:
    """Until the transaction ends, nobody else writes points of these metrics."""
    list(Metric.objects.filter(pk__in=set(metric_ids)).select_for_update(no_key=True).order_by("pk").values_list("pk"))


def label_sets(wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """`{(metric, labels as text): id}`; the ones that are new are made."""
    marks = {(metric, text): hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for metric, text in wanted}
    metrics = sorted({metric for metric, _text in marks})

    def known() -> dict[tuple[int, str], int]:
        rows = LabelSet.objects.filter(metric__in=metrics)
        if len(marks) < 1000:
            rows = rows.filter(fingerprint__in=set(marks.values()))
        return {(metric, mark): pk for metric, mark, pk in rows.values_list("metric_id", "fingerprint", "pk")}

    found = known()
    missing = [
        LabelSet(metric_id=metric, labels=json.loads(text), fingerprint=mark)
        for (metric, text), mark in marks.items()
        if (metric, mark) not in found
    ]
    if missing:
        LabelSet.objects.bulk_create(missing, ignore_conflicts=True, batch_size=2000)
        found = known()
        _check_count(metrics)
    return {(metric, text): found[metric, mark] for (metric, text), mark in marks.items()}


def _check_count(metrics: Sequence[int]) -> None:
    for metric in metrics:
        if LabelSet.objects.filter(metric=metric).count() > MOST_LABEL_SETS:
            raise ValidationError(
                _(
                    "That would be more than %(limit)s combinations of labels. Leave out the label that differs in "
                    "nearly every row, such as an order number."
                )
                % {"limit": MOST_LABEL_SETS}
            )


@transaction.atomic
def write_points(
    *, metric: Metric, points: Sequence[Given], by: User | None, now: datetime, told: bool = False,
    backfill: bool = False,
) -> Written:  # fmt: skip
    """Write some points (thousands; a file goes another way). Raises ValidationError with the number of the point."""
    refuse_calculated(metric)
    once = checked(points)
    lock([metric.pk])
    sets = label_sets((metric.pk, text) for text in dict.fromkeys(text for text, _at in once))
    arguments: dict[str, Any] = {
        "sets": _array(str(sets[metric.pk, text]) for text, _at in once),
        "ats": _array(at.isoformat() for _text, at in once),
        "values": _array(repr(analysis.countable(point.value)) for point in once.values()),
        "weights": _array(repr(analysis.countable(point.weight)) for point in once.values()),
    }
    opened = storing.open_for(metric=metric, now=now, by=by, backfill=backfill)
    written, revised = opened.take(storing.ARRAYS, arguments)
    opened.close()
    result = Written(written, len(points) - written - revised, revised)
    say_written(
        metric=metric, result=result, by=by, now=now, told=told, backfill=backfill,
        first=min((at for _text, at in once), default=None), last=max((at for _text, at in once), default=None),
    )  # fmt: skip
    return result


def refuse_calculated(metric: Metric) -> None:
    if metric.is_calculated:
        raise ValidationError(
            _("“%(name)s” is calculated from other metrics; write the values into those.") % {"name": metric.name}
        )


def checked(points: Sequence[Given]) -> dict[tuple[str, datetime], Given]:
    """The points by labels (as text) and time, once each is found sound and not at odds with another."""
    texts: dict[tuple[tuple[str, str], ...], str] = {}
    once: dict[tuple[str, datetime], Given] = {}
    numbers: dict[tuple[str, datetime], int] = {}
    for number, point in enumerate(points):
        labels = point.labels or {}
        known = tuple(labels.items())
        if complaint := _wrong_with(point) or ("" if known in texts else _wrong_with_labels(labels)):
            raise ValidationError({f"points.{number}": complaint})
        text = texts.get(known)
        if text is None:
            text = texts[known] = text_of(labels)
        place = (text, point.at)
        earlier = once.setdefault(place, point)
        if earlier is point:
            numbers[place] = number
        elif (earlier.value, earlier.weight) != (point.value, point.weight):
            raise ValidationError(
                {
                    f"points.{number}": _(
                        "Point %(other)s has the same time and labels, but another value. Send one of them."
                    )
                    % {"other": numbers[place]}
                }
            )
    return once


def _array(texts: Iterable[str]) -> str:
    """A PostgreSQL array as text: thousands of values are one argument that nothing has to look through."""
    return "{" + ",".join(texts) + "}"


def _wrong_with(point: Given) -> str:
    if not math.isfinite(point.value):
        return _("The value must be a number that can be counted with.")
    if not (math.isfinite(point.weight) and point.weight >= 0):
        return _("The weight must be nought or more.")
    if max(abs(point.value), point.weight) > analysis.LARGEST:
        return _("This number is too large to be counted with.")
    if not EARLIEST <= point.at.year < LATEST:
        return _("The time lies outside the years 1900 to 2200.")
    return ""


def _wrong_with_labels(labels: Mapping[str, str]) -> str:
    if len(labels) > MOST_LABELS or any(len(name) > 100 or len(value) > 200 for name, value in labels.items()):
        return _("At most 12 labels, with names of up to 100 and values of up to 200 characters.")
    if any(not name.strip() or "\x00" in name or "\x00" in value for name, value in labels.items()):
        return _("A label needs a name, and plain text as its value.")
    return ""


def copy_in(blocks: Iterable[bytes], *, opened: storing.Opened) -> tuple[int, int]:
    """One chunk of COPY text (label set, at, value, weight) into the points: how many are new, how many revised."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS incoming_points "
            "(label_set_id bigint, at timestamptz, value float8, weight float8) ON COMMIT DROP"
        )
        cursor.execute("TRUNCATE incoming_points")
        with cursor.copy("COPY incoming_points FROM STDIN (FORMAT csv)") as copy:
            for block in blocks:
                copy.write(block)
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM (SELECT label_set_id, min(at) AS at FROM incoming_points GROUP BY 1) i "
            "JOIN metrics_latest l USING (label_set_id) WHERE i.at <= l.at)"
        )
        (only_new,) = cursor.fetchone()
    return opened.take("incoming_points", {}, only_new=only_new)


def say_written(
    *, metric: Metric, result: Written, by: User | None, now: datetime, first: Any, last: Any, told: bool = False,
    backfill: bool = False,
) -> None:  # fmt: skip
    """Once per import or call, and only if something is different now."""
    if not result.changed:
        return
    emit(
        "metrics.points_written", workspace=metric.workspace, at=now, by=by, about=metric, told=told, metric=metric.key,
        written=result.written, revised=result.revised, backfill=backfill,
        first=first.isoformat() if first else "", last=last.isoformat() if last else "",
    )  # fmt: skip
    if backfill and last is not None:
        effects.perform(
            "alerts.take_as_past", workspace=metric.workspace, by=by, now=now, about=metric, indicator=metric.indicator,
            until=last,
        )  # fmt: skip
    live.changed(metric.workspace, "metrics")


def add_value(
    *, metric: Metric, at: datetime, value: float, by: User | None, now: datetime, weight: float = 1.0,
    labels: Mapping[str, str] | None = None,
) -> Written:  # fmt: skip
    """One value by hand; a second one for the same time and labels replaces the first."""
    return write_points(metric=metric, points=[Given(at, value, weight, labels)], by=by, now=now)
