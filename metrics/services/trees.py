"""The few numbers on the front, the north star, and what drives what."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from metrics import analysis
from metrics.models import Influence, Kind, Metric, Sign
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import User, Workspace

MOST_ON_FRONT = 7


def _say(metric: Metric, by: User | None, now: datetime) -> None:
    emit("metrics.metric_changed", workspace=metric.workspace, at=now, by=by, about=metric, metric=metric.key)
    live.changed(metric.workspace, "metrics")


def _turn(workspace: Workspace) -> None:
    """Whoever rearranges a workspace's metrics waits for the one before."""
    Workspace.objects.select_for_update().get(pk=workspace.pk)


@transaction.atomic
def pin_metric(*, metric: Metric, by: User | None, now: datetime) -> Metric:
    """Put it on the front, last; refused where seven stand there: who looks at everything sees nothing."""
    _turn(metric.workspace)
    there = Metric.objects.filter(workspace=metric.workspace).on_the_front()
    if metric.archived_at is not None:
        raise ValidationError(_("This metric is archived."))
    if metric.pk in {one.pk for one in there}:
        return metric
    if there.count() >= MOST_ON_FRONT:
        raise ValidationError(
            _("Seven numbers stand on the front already. Take one off first: who looks at everything sees nothing.")
        )
    last = there.aggregate(last=Max("front"))["last"]
    metric.front = (last or 0) + 1
    metric.save(update_fields=["front"])
    _say(metric, by, now)
    return metric


@transaction.atomic
def unpin_metric(*, metric: Metric, by: User | None, now: datetime) -> Metric:
    """Take it off the front; the north star loses its place as such, too."""
    _turn(metric.workspace)
    metric.front, metric.north_star = None, False
    metric.save(update_fields=["front", "north_star"])
    _say(metric, by, now)
    return metric


@transaction.atomic
def move_on_front(*, metric: Metric, position: int, by: User | None, now: datetime) -> None:
    """Give it another place among the others; the north star always stands first."""
    _turn(metric.workspace)
    others = [one for one in Metric.objects.filter(workspace=metric.workspace).on_the_front() if not one.north_star]
    if metric.pk not in {one.pk for one in others}:
        raise ValidationError(_("Only what stands on the front can be moved there."))
    rest = [one for one in others if one.pk != metric.pk]
    rest.insert(max(0, min(position, len(rest))), metric)
    for place, one in enumerate(rest, 1):
        if one.front != place:
            Metric.objects.filter(pk=one.pk).update(front=place)
    live.changed(metric.workspace, "metrics")


@transaction.atomic
def name_north_star(*, metric: Metric, by: User | None, now: datetime, instead_of: int | None = None) -> Metric:
    """Make it the one number that the firm steers by. Where there is one, `instead_of` must name it: nobody changes
    a north star by accident."""
    _turn(metric.workspace)
    if metric.archived_at is not None:
        raise ValidationError(_("This metric is archived."))
    present = Metric.objects.filter(workspace=metric.workspace, north_star=True).exclude(pk=metric.pk).first()
    if present is not None and present.archived_at is None and instead_of != present.pk:
        raise ValidationError(
            _("“%(name)s” is the north star now. Say that this one shall take its place.") % {"name": present.name}
        )
    if present is not None:
        Metric.objects.filter(pk=present.pk).update(north_star=False, front=1)
    if not metric.north_star:
        Metric.objects.filter(pk=metric.pk).update(north_star=True, front=0)
        metric.north_star, metric.front = True, 0
        _keep_to_seven(metric.workspace)
        _say(metric, by, now)
    return metric


def _keep_to_seven(workspace: Workspace) -> None:
    surplus = list(Metric.objects.filter(workspace=workspace).on_the_front())[MOST_ON_FRONT:]
    Metric.objects.filter(pk__in=[one.pk for one in surplus]).update(front=None)


@transaction.atomic
def hang_under(
    *, child: Metric, parent: Metric, by: User | None, now: datetime, kind: str = Kind.INFLUENCES, sign: int = Sign.SAME
) -> Influence:
    """Say that `child` works on `parent`; refused where it would go round."""
    _turn(child.workspace)
    if child.workspace_id != parent.workspace_id:
        raise ValueError("two metrics of one tree belong to one workspace")
    branches = dict(Influence.objects.filter(workspace=child.workspace).values_list("child_id", "parent_id"))
    way = analysis.way_up(parent.pk, branches)
    if child.pk in way:
        names = dict(Metric.objects.filter(pk__in=way).values_list("pk", "name"))
        if child.pk == parent.pk:
            raise ValidationError({"parent": _("A metric cannot drive itself.")})
        round_trip = " → ".join(names[pk] for pk in way[: way.index(child.pk) + 1])
        raise ValidationError({"parent": _("That would go round in a circle: %(way)s already.") % {"way": round_trip}})
    last = Influence.objects.filter(parent=parent).exclude(child=child).aggregate(last=Max("position"))["last"]
    present = Influence.objects.filter(child=child).first()
    position = present.position if present and present.parent_id == parent.pk else (last or 0) + 1
    branch, _made = Influence.objects.update_or_create(
        child=child,
        defaults={"workspace": child.workspace, "parent": parent, "kind": kind, "sign": sign, "position": position},
    )
    branch.full_clean()
    live.changed(child.workspace, "metrics")
    return branch


@transaction.atomic
def take_off_tree(*, child: Metric, by: User | None, now: datetime) -> bool:
    """It drives nothing any more; what hangs under it stays there."""
    gone, _kinds = Influence.objects.filter(child=child).delete()
    live.changed(child.workspace, "metrics")
    return bool(gone)
