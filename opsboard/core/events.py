"""Write down what happened, in the same transaction as the change, and let every reaction hear it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, models, transaction

from opsboard.core import registry
from opsboard.core.contract import Ref
from opsboard.core.models import Occurrence, ReactionRun, User, Workspace, about_fields

MAX_DEPTH = 5
MAX_TRIES = 5

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
    cause = _cause.get()
    ref = Ref.to(about) if isinstance(about, models.Model) else about
    occurrence = Occurrence(
        workspace=workspace,
        key=key,
        at=at,
        by=by,
        facts=facts,
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
        transaction.on_commit(
            lambda: current_app.send_task("opsboard.core.tasks.deliver_occurrences", expires=60), robust=True
        )
    return occurrence


def deliver_waiting(*, now: datetime, at_most: int = 200) -> int:
    """Hand waiting occurrences to their reactions; each reaction answers an occurrence once. Answers how many were handed.

    Each occurrence is its own transaction, so that a worker killed halfway leaves the rest waiting.
    """
    handed = 0
    while handed < at_most:
        with transaction.atomic():
            occurrence = (
                Occurrence.objects.filter(delivered_at=None, at__lte=now + timedelta(minutes=5))
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
            run.state, run.error = ReactionRun.State.FAILED, f"{type(fault).__name__}: {fault}"[:2000]
            again = again or run.tries + 1 < MAX_TRIES
        run.tries += 1
        run.at = now
        run.save()
    # A failed reaction keeps the occurrence in the outbox, but a little later, so that it cannot block the others.
    Occurrence.objects.filter(pk=occurrence.pk).update(
        delivered_at=None if again else now,
        at=models.F("at") if not again else now + timedelta(minutes=5, seconds=30),
    )
