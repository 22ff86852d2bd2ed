"""Write down what happened, in the same transaction as the change, and let every reaction hear it."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction

from opsboard.core import registry, soon
from opsboard.core.contract import Ref
from opsboard.core.models import Occurrence, ReactionRun, User, Workspace, about_fields

log = logging.getLogger(__name__)
MAX_DEPTH = 5
MAX_TRIES = 5
RETRIES = ((1, timedelta(seconds=30)), (2, timedelta(minutes=2)), (3, timedelta(minutes=10)), (4, timedelta(hours=1)))

_cause: ContextVar[Occurrence | None] = ContextVar("cause", default=None)


@contextlib.contextmanager
def caused_by(occurrence: Occurrence | None) -> Iterator[None]:
    """What is emitted inside was led to by this occurrence: same chain, one deeper."""
    mark = _cause.set(occurrence)
    try:
        yield
    finally:
        _cause.reset(mark)


def emit(
    key: str,
    *,
    workspace: Workspace,
    at: datetime,
    by: User | None = None,
    about: Ref | models.Model | None = None,
    told: bool = False,
    unique_as: str | None = None,
    **facts: Any,
) -> Occurrence | None:
    """Write an Occurrence; reactions follow after commit. `told=True` records the past and sets nothing off.

    Facts must be those that the event's contract declares (`UnknownKey`, `ValueError` otherwise). With `unique_as`, a
    second emit of the same happening changes nothing and answers None.
    """
    declared = {fact.name for fact in registry.event(key).facts}
    if unknown := set(facts) - declared:
        raise ValueError(f"{key} does not declare {sorted(unknown)}")
    if unique_as and len(unique_as) > 200:
        raise ValueError("unique_as has more than 200 characters")
    cause = _cause.get()
    ref = Ref.to(about) if isinstance(about, models.Model) else about
    occurrence = Occurrence(
        workspace=workspace,
        key=key,
        at=at,
        by=by,
        facts=plain(facts),
        unique_as=unique_as,
        caused_by=cause,
        chain=cause.chain if cause else uuid.uuid4(),
        depth=cause.depth + 1 if cause else 0,
        told=told,
        delivered_at=at if told else None,
        **about_fields(ref),
    )
    try:
        with transaction.atomic():
            occurrence.save(force_insert=True)
    except IntegrityError:
        if unique_as and Occurrence.objects.filter(workspace=workspace, key=key, unique_as=unique_as).exists():
            return None
        raise
    if not told:
        soon.run_task("opsboard.core.tasks.deliver_occurrences")
    return occurrence


@dataclass(frozen=True)
class Happening:
    """One of many occurrences of the same kind and moment."""

    about: models.Model
    unique_as: str
    facts: Mapping[str, Any]


def emit_all(key: str, happenings: Sequence[Happening], *, workspace: Workspace, at: datetime) -> None:
    """`emit` for very many at once, in one statement; what happened already is left as it is."""
    if not happenings:
        return
    declared = {fact.name for fact in registry.event(key).facts}
    if unknown := {name for one in happenings for name in one.facts} - declared:
        raise ValueError(f"{key} does not declare {sorted(unknown)}")
    cause = _cause.get()
    Occurrence.objects.bulk_create(
        (
            Occurrence(
                workspace=workspace,
                key=key,
                at=at,
                facts=plain(dict(one.facts)),
                unique_as=one.unique_as,
                caused_by=cause,
                chain=cause.chain if cause else uuid.uuid4(),
                depth=cause.depth + 1 if cause else 0,
                **about_fields(Ref.to(one.about)),
            )
            for one in happenings
        ),
        ignore_conflicts=True,
    )
    soon.run_task("opsboard.core.tasks.deliver_occurrences")


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as JSON can hold them: moments and days as ISO text, Decimals as text, NaN and infinity as nothing."""
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in facts.items()
    }
    answer: dict[str, Any] = json.loads(json.dumps(finite, cls=DjangoJSONEncoder, allow_nan=False))
    return answer


def _resting(now: datetime) -> models.Q:
    """Occurrences one of whose reactions failed a short while ago."""
    resting = models.Q()
    for tries, wait in RETRIES:
        resting |= models.Q(tries=tries, at__gt=now - wait)
    return models.Q(
        pk__in=ReactionRun.objects.filter(
            resting, state=ReactionRun.State.FAILED, occurrence__delivered_at=None
        ).values("occurrence_id")
    )


def deliver_waiting(*, now: datetime, at_most: int = 200) -> int:
    """Hand waiting occurrences to their reactions; each reaction answers an occurrence once. Answers how many were handed.

    Each occurrence is its own transaction, so that a worker killed halfway leaves the rest waiting. A reaction that
    fails is called again after 30 seconds, 2 and 10 minutes and an hour.
    """
    handed = 0
    while handed < at_most:
        with transaction.atomic():
            occurrence = (
                Occurrence.objects.filter(delivered_at=None)
                .exclude(_resting(now))
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("workspace")
                .order_by("id")
                .first()
            )
            if occurrence is None:
                return handed
            deliver(occurrence, now=now)
            handed += 1
    return handed


def deliver(occurrence: Occurrence, *, now: datetime) -> None:
    """Call each reaction in a savepoint of its own. A failing one is tried again later, the others stay done."""
    earlier = {run.reaction: run for run in occurrence.reaction_runs.all()}
    again = False
    for reaction in registry.reactions():
        if reaction.event not in ("*", occurrence.key) or occurrence.depth >= MAX_DEPTH:
            continue
        run = earlier.get(reaction.key) or ReactionRun(occurrence=occurrence, reaction=reaction.key, tries=0)
        if run.state == ReactionRun.State.DONE or run.tries >= MAX_TRIES:
            continue
        try:
            with transaction.atomic(), caused_by(occurrence):
                reaction.call(occurrence, now)
            run.state, run.error = ReactionRun.State.DONE, ""
        except Exception as fault:  # written down and tried again; other reactions must still hear
            log.exception("reaction %s to occurrence %s failed", reaction.key, occurrence.pk)
            run.state, run.error = ReactionRun.State.FAILED, f"{type(fault).__name__}: {fault}"[:2000]
            again = again or run.tries + 1 < MAX_TRIES
        run.tries += 1
        run.at = now
        run.save()
    if not again:  # else it stays in the outbox, and rests a while so that it cannot block the others
        Occurrence.objects.filter(pk=occurrence.pk).update(delivered_at=now)
