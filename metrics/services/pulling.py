"""Sources: keep them, read them when it is their turn, and say when that fails and when it goes well again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis
from metrics.models import Metric, Origin, Pull, Source, Turn
from metrics.services import fetching
from metrics.services.fetching import Question, Unanswered
from metrics.services.files import POINTS
from opsboard.core import access, jobs, live, notices, secrets
from opsboard.core.events import emit
from opsboard.core.imports import Arrival, Plan, as_columns
from opsboard.core.models import Job, Membership, Role, User, Workspace
from opsboard.core.uploads import Table
from opsboard.core.versions import compare_and_set

log = logging.getLogger(__name__)
PURPOSE = "metrics.source"
LEASE = timedelta(minutes=15)
KEPT = timedelta(days=60)
LONGEST_PAUSE = timedelta(hours=1)
MOST_SOURCES = 500
TASK = "metrics.tasks.pull_source"
OF_THE_HOUSE = frozenset({Origin.INDICATOR.value, Origin.DATASET.value})
SECRETS = {"http": "headers", "prometheus": "headers", "sql": "password", "feishu": "app_secret"}
FIELDS = ("name", "owner", "every", "at_time", "asks", "limited_to")


# --- keeping ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_source(
    *, workspace: Workspace, by: User, now: datetime, kind: str, name: str, asks: Mapping[str, Any],
    secret: Mapping[str, Any] | None = None, mapping: Mapping[str, Any] | None = None, **given: Any,
) -> Source:  # fmt: skip
    """A new source. It is read as soon as it is known what its columns are (`map_columns`)."""
    if Source.objects.filter(workspace=workspace).count() >= MOST_SOURCES:
        raise ValidationError(_("A workspace has at most %(limit)s sources.") % {"limit": MOST_SOURCES})
    source = Source(
        workspace=workspace, kind=kind, name=name, asks=dict(asks), created_at=now,
        secret=secrets.seal(dict(secret or {}), purpose=PURPOSE), mapping=dict(mapping or {}), **given,
    )  # fmt: skip
    source.owner = source.owner or by
    _check(source, by)
    source.save(force_insert=True)
    Turn.objects.create(source=source, next_at=now if mapping else None)
    live.changed(workspace, "sources")
    return source


@transaction.atomic
def change_source(
    *, source: Source, by: User, now: datetime, version: int, secret: Mapping[str, Any] | None = None, **changes: Any
) -> Source:
    """Save on top of `version`; a secret that is not given stays. What is asked anew is read from the beginning."""
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"a source has no {sorted(unknown)}")
    changed: Source = Source.objects.select_related("workspace", "turn").get(pk=source.pk)
    asked_anew = "asks" in changes and changes["asks"] != changed.asks
    if asked_anew and secret is None and changed.secret and fetching.place_of(changed.kind, changes["asks"]) != fetching.place_of(changed.kind, changed.asks):  # fmt: skip
        # Else whoever may edit could have the password sent to a place of their own.
        raise ValidationError(
            {SECRETS[changed.kind]: _("The address is another one now: enter the password or key anew.")}
        )
    if secret is not None:
        changes["secret"] = secrets.seal(dict(secret), purpose=PURPOSE)
    for name, value in changes.items():
        setattr(changed, name, value)
    _check(changed, by)
    changed.version = compare_and_set(Source.objects.all(), changed.pk, version, **changes)
    turn: dict[str, Any] = {"next_at": now if changed.mapping else None}
    if asked_anew:
        turn["since"] = None
    Turn.objects.filter(source=changed).update(**turn)
    live.changed(changed.workspace, "sources")
    return changed


@transaction.atomic
def map_columns(*, source: Source, by: User, now: datetime, plan: Plan) -> Source:
    """Say what the columns are and where the values go; from now on it is read."""
    source.mapping = plan.packed()
    Source.objects.filter(pk=source.pk).update(mapping=source.mapping)
    Turn.objects.filter(source=source).update(next_at=now, since=None)
    live.changed(source.workspace, "sources")
    return source


def _check(source: Source, by: User) -> None:
    if source.kind in OF_THE_HOUSE and source.owner != by:
        viewer = access.person_in(source.workspace, by)
        if viewer is None or not viewer.may(Role.ADMIN):
            raise ValidationError({"owner": _("It is read with its owner's rights, so only you can be the owner.")})
    if source.owner and not Membership.objects.active().of(source.workspace).filter(user=source.owner).exists():
        raise ValidationError({"owner": _("Only members of the workspace can own a source.")})
    if source.kind in Origin.values and (wrong := fetching.check(source.kind, source.asks)):
        raise ValidationError(wrong)
    source.full_clean()


@transaction.atomic
def pause_source(*, source: Source, by: User, now: datetime) -> bool:
    """It is read no more until it is resumed; nobody is told of failures meanwhile."""
    changed = Source.objects.filter(pk=source.pk, paused_at=None).update(paused_at=now)
    live.changed(source.workspace, "sources")
    return bool(changed)


@transaction.atomic
def resume_source(*, source: Source, by: User, now: datetime) -> bool:
    changed = Source.objects.filter(pk=source.pk).exclude(paused_at=None).update(paused_at=None)
    if changed:
        Turn.objects.filter(source=source).update(next_at=now, failures=0, failed_since=None, error="")
    live.changed(source.workspace, "sources")
    return bool(changed)


@transaction.atomic
def delete_source(*, source: Source, by: User, now: datetime) -> None:
    """The source goes; the values that it brought stay."""
    for pull in Pull.objects.filter(source=source).unfinished().select_related("job"):
        if pull.job:
            jobs.cancel(job=pull.job, now=now)
    source.delete()
    live.changed(source.workspace, "sources")


# --- reading ----------------------------------------------------------------------------------------------------------


def question_of(source: Source, *, now: datetime, **more: Any) -> Question:
    """What a source is asked, by its owner's rights. Raises Unanswered where there is no owner any more."""
    viewer = access.person_in(source.workspace, source.owner) if source.owner else None
    if viewer is None:
        raise Unanswered(_("The owner of this source has left. Choose another one."))
    try:
        secret = secrets.unseal(source.secret, purpose=PURPOSE)
    except secrets.Undecipherable as fault:
        raise Unanswered(_("The stored password or key can't be read any more. Enter it anew.")) from fault
    timezone = str(source.mapping.get("timezone") or "")
    return Question(source.asks, secret, viewer, now, timezone=timezone, **more)


def look(source: Source, *, now: datetime) -> Table:
    """The first rows that a source gives. Raises Unanswered."""
    return fetching.fetch(source.kind, question_of(source, now=now, peek=True))


def start_pull(*, source: Source, by: User | None, now: datetime) -> Pull | None:
    """Begin to read a source, unless somebody is at it."""
    try:
        with transaction.atomic():
            pull = Pull.objects.create(source=source, by=by, started_at=now)
            pull.job = jobs.start(
                task=TASK, title=format_lazy("{}", source.name), workspace=source.workspace, by=by, now=now, about=source,
                url=source.get_absolute_url(), pull=pull.pk,
            )  # fmt: skip
            pull.save(update_fields=["job"])
    except IntegrityError:
        return None
    live.changed(source.workspace, "sources")
    return pull


def start_due(*, now: datetime) -> int:
    """Begin to read each source whose turn it is, once; and settle what ended without saying so."""
    settle(now=now)
    started = 0
    for source in Source.objects.due(now).select_related("workspace", "turn").order_by("turn__next_at")[:200]:
        mine = Turn.objects.filter(source=source, next_at=source.turn.next_at).update(next_at=now + LEASE)
        if mine and start_pull(source=source, by=None, now=now):
            started += 1
    return started


def settle(*, now: datetime) -> int:
    """Readings whose job is over, because it was cancelled in time or its worker died three times."""
    over = 0
    ended = [Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED]
    for pull in Pull.objects.unfinished().filter(job__state__in=ended).select_related("job", "source__workspace"):
        if pull.job.state == Job.State.CANCELLED:
            _end(pull, now, state=Job.State.CANCELLED)
        else:
            _fail(pull, pull.job.error or _("The worker stopped during this work."), now)
        over += 1
    for pull in (
        Pull.objects.unfinished().filter(job=None, started_at__lt=now - LEASE).select_related("source__workspace")
    ):
        _fail(pull, _("The worker stopped during this work."), now)
        over += 1
    return over


def read_source(*, work: jobs.Running, now: datetime) -> None:
    """The job: ask, read, write, all or nothing; the same answer twice changes nothing."""
    pull = (
        Pull.objects.select_related("source__workspace", "source__owner", "source__turn")
        .filter(pk=work.job.arguments.get("pull"))
        .first()
    )
    if pull is None:
        raise jobs.Refused(_("This source was deleted."))
    if not Pull.objects.filter(pk=pull.pk).unfinished().update(state=Job.State.RUNNING):
        return
    source = pull.source
    language = source.owner.language if source.owner else source.workspace.language
    with translation.override(language):
        try:
            _read(pull, work, now)
        except (jobs.Cancelled, jobs.Lost):
            _end(pull, now, state=Job.State.CANCELLED)
            raise
        except Unanswered as reason:
            _fail(pull, str(reason), now)
            raise jobs.Refused(str(reason)) from reason
        except jobs.Refused as refusal:
            _fail(pull, str(refusal), now, refusal.errors)
            raise
        except ValidationError as refusal:
            _fail(pull, " ".join(refusal.messages), now)
            raise
        except Exception as fault:
            _fail(pull, _("Something unexpected went wrong (%s).") % type(fault).__name__, now)
            raise


def _read(pull: Pull, work: jobs.Running, now: datetime) -> None:
    source, turn = pull.source, pull.source.turn
    Pull.objects.filter(pk=pull.pk).update(since=turn.since)
    question = question_of(source, now=now, since=turn.since, progress=work.progress)
    table = fetching.fetch(source.kind, question)
    summary: Mapping[str, Any] = {"written": 0, "unchanged": 0, "revised": 0}
    newest, metrics, plan = turn.since, turn.metrics, Plan.unpacked(source.mapping)
    with transaction.atomic():
        if len(table):
            work.progress(0.25, _("Checking"), now=True)
            columns, names = as_columns(POINTS, table, plan, source.workspace)
            frame = columns.frame.rename(names)
            arrival = Arrival(source.workspace, source.owner, now, plan, frame, columns.rows, source.name)
            summary = POINTS.run(arrival, work)
            work.url = source.get_absolute_url()
            if arrival.learnt:
                plan = replace(plan, settings={**plan.settings, **arrival.learnt})
                Source.objects.filter(pk=source.pk).update(mapping=plan.packed())
            last = max(moment for moment in frame["at"].to_list())
            newest = max(min(last, now), newest) if newest else min(last, now)
            metrics = list(
                Metric.objects.filter(workspace=source.workspace, key__in=summary["metrics"]).values_list(
                    "pk", flat=True
                )
            )
        again = source.next_after(now)
        recovered = _went_well(pull, now, next_at=again, since=newest, metrics=metrics)
        counts = {name: summary[name] for name in ("written", "unchanged", "revised")}
        _end(pull, now, state=Job.State.DONE, rows=len(table), **counts)
        work.result = {**summary, "rows": len(table)}
        work.seal()
    if recovered:
        _tell_recovered(source, recovered, now)


def _went_well(pull: Pull, now: datetime, **changes: Any) -> datetime | None:
    """Write down that it went well; answers since when it had failed before."""
    turn = Turn.objects.select_for_update().get(source=pull.source_id)
    failing_since: datetime | None = turn.failed_since
    Turn.objects.filter(pk=turn.pk).update(**changes, failures=0, failed_since=None, error="", went_well_at=now)
    return failing_since


def _end(pull: Pull, now: datetime, **changes: Any) -> None:
    Pull.objects.filter(pk=pull.pk).unfinished().update(finished_at=now, **changes)
    old = Pull.objects.filter(source=pull.source_id, started_at__lt=now - KEPT)
    Job.objects.filter(pk__in=list(old.values_list("job_id", flat=True))).delete()
    old.delete()
    if changes.get("state") == Job.State.CANCELLED:
        Turn.objects.filter(source=pull.source_id).update(next_at=pull.source.next_after(now))
    live.changed(pull.source.workspace, "sources")


def _fail(pull: Pull, reason: str, now: datetime, complaints: Any = ()) -> None:
    """Write the reason down, try again later and later, and tell the owner the first time."""
    source = pull.source
    with transaction.atomic():
        turn = Turn.objects.select_for_update().get(source=source)
        turn.failures += 1
        turn.failed_since = turn.failed_since or now
        pause = min(timedelta(minutes=2 ** min(turn.failures - 1, 10)), LONGEST_PAUSE)
        turn.next_at, turn.error = now + pause, reason
        turn.save(update_fields=["failures", "failed_since", "next_at", "error"])
        _end(pull, now, state=Job.State.FAILED, error=reason, complaints=list(complaints)[:200])
        if turn.failures == 1:
            emit("metrics.source_failed", workspace=source.workspace, at=now, about=source, source=source.name, reason=reason[:500])  # fmt: skip
            notices.tell(
                people_of(source),
                format_lazy(gettext_lazy("“{name}” could not be read"), name=source.name),
                source.get_absolute_url(),
                workspace=source.workspace, now=now, severity="warning", about=source,
                unique_as=f"metrics.source_failed:{source.pk}:{turn.failed_since:%Y%m%dT%H%M%S}",
                detail=format_lazy("{} {}", reason, gettext_lazy("It is tried again by itself; you are told when it goes well.")),
            )  # fmt: skip


def _tell_recovered(source: Source, since: datetime, now: datetime) -> None:
    emit("metrics.source_recovered", workspace=source.workspace, at=now, about=source, source=source.name)
    notices.tell(
        people_of(source),
        format_lazy(gettext_lazy("“{name}” is read again"), name=source.name),
        source.get_absolute_url(),
        workspace=source.workspace, now=now, about=source,
        unique_as=f"metrics.source_recovered:{source.pk}:{since:%Y%m%dT%H%M%S}",
    )  # fmt: skip


def people_of(source: Source) -> list[User]:
    """Who looks after it: its owner, or the admins where nobody does."""
    members = Membership.objects.active().of(source.workspace).select_related("user")
    if source.owner and members.filter(user=source.owner).exists():
        return [source.owner]
    return [membership.user for membership in members.filter(role__gte=Role.ADMIN)]


def secret_of(values: Mapping[str, Any]) -> str:
    """Passwords and keys, sealed for a source."""
    return secrets.seal(dict(values), purpose=PURPOSE)


def written_from(table: Table, plan: Plan, workspace: Workspace, *, most: int = 8) -> tuple[list[Any], list[Any]]:
    """What would be written of some rows: (metric or its column, time, value, weight, labels), and what is wrong."""
    try:
        columns, names = as_columns(POINTS, table, plan, workspace)
    except jobs.Refused as refusal:
        return [], refusal.errors[:most] or [{"row": None, "column": "", "message": str(refusal)}]
    points, _troubles = analysis.points_from(columns.frame.rename(names), columns.rows)
    return analysis.shown_points(points, most), []
