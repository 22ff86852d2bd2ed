"""Metrics calculated from others: what their formulas may say, and whom they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from metrics import analysis
from metrics.models import Aggregation, Grain, Metric, Operand, Pulse

SENTENCES = {
    "empty": gettext_noop("Write the formula, such as: returns / orders."),
    "sign": gettext_noop(
        "“%(word)s” can't stand here. Use metrics' keys, numbers, + - * / and brackets; put spaces around a minus."
    ),
    "end": gettext_noop("The formula breaks off: something must follow its last sign."),
    "closed": gettext_noop("A bracket is not closed."),
    "deep": gettext_noop("The formula has too many brackets inside one another."),
    "many": gettext_noop("At most %(word)s metrics can be in a formula."),
    "units": gettext_noop("%(word)s and %(other)s can't be added or subtracted: their units differ."),
}


def sentence(error: analysis.FormulaError) -> str:
    """What is wrong with a formula, for people."""
    words = (*error.words, "", "")
    return _(SENTENCES[error.what]) % {"word": words[0], "other": words[1]}


def check(metric: Metric) -> list[Metric]:
    """The metrics that the formula names; raises ValidationError where it can't be calculated."""
    if metric.aggregation != Aggregation.FORMULA:
        if metric.formula:
            raise ValidationError({"formula": _("Only a metric that is calculated from others has a formula.")})
        return []
    try:
        tree = analysis.parse(metric.formula)
    except analysis.FormulaError as error:
        raise ValidationError({"formula": sentence(error)}) from error
    names = analysis.names_of(tree)
    found = {one.key: one for one in Metric.objects.filter(workspace=metric.workspace, key__in=names)}
    if missing := [name for name in names if name not in found]:
        raise ValidationError(
            {"formula": _("There is no metric with the key %(keys)s here.") % {"keys": ", ".join(missing)}}
        )
    if not names:
        raise ValidationError({"formula": _("Name at least one metric by its key.")})
    operands = [found[name] for name in names]
    _check_circle(metric, operands)
    _check_together(metric, operands)
    units = {one.key: (metric.currency or one.currency if one.currency else one.unit) for one in operands}
    try:
        analysis.units_of(tree, units)
    except analysis.FormulaError as error:
        raise ValidationError({"formula": sentence(error)}) from error
    if metric.pk and Pulse.objects.filter(pk=metric.pk, points__gt=0).exists():
        raise ValidationError(
            {"aggregation": _("This metric has values of its own. Make a new one for what is calculated.")}
        )
    return operands


def _check_circle(metric: Metric, operands: Sequence[Metric]) -> None:
    with connection.cursor() as cursor:  # two formulas that would close a circle between them take turns
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('metrics.formulas'), %s)", [metric.workspace_id % 2**31])
    if not metric.pk:
        return
    seen, waiting = set(), [one.pk for one in operands]
    while waiting:
        if metric.pk in waiting:
            raise ValidationError({"formula": _("The formula goes in a circle: it needs this metric itself.")})
        seen |= set(waiting)
        waiting = [
            pk for pk in Operand.objects.filter(metric__in=waiting).values_list("of", flat=True) if pk not in seen
        ]


def _check_together(metric: Metric, operands: Sequence[Metric]) -> None:
    grains = list(Grain)
    for one in operands:
        if one.archived_at:
            raise ValidationError({"formula": _("“%(name)s” is archived.") % {"name": one.name}})
        if grains.index(Grain(one.grain)) > grains.index(Grain(metric.grain)):
            raise ValidationError(
                {
                    "grain": _("“%(name)s” is measured each %(grain)s; what is calculated from it can't be finer.")
                    % {"name": one.name, "grain": one.get_grain_display()}
                }
            )
        if (one.timezone or one.workspace.timezone) != (metric.timezone or metric.workspace.timezone):
            raise ValidationError(
                {
                    "timezone": _("“%(name)s” has its days by the clock of %(zone)s. Choose the same time zone here.")
                    % {"name": one.name, "zone": one.timezone or one.workspace.timezone}
                }
            )
    currencies = {one.currency for one in operands if one.currency}
    if len(currencies) > 1 and not metric.currency:
        raise ValidationError(
            {
                "currency": _("The formula has several currencies (%(names)s). Choose the one to calculate in.")
                % {"names": ", ".join(sorted(currencies))}
            }
        )


def keep(metric: Metric, operands: Sequence[Metric]) -> None:
    """Remember whom a formula needs."""
    Operand.objects.filter(metric=metric).exclude(of__in=operands).delete()
    Operand.objects.bulk_create([Operand(metric=metric, of=one) for one in operands], ignore_conflicts=True)


def users_of(metric: Metric) -> list[Metric]:
    """The metrics in use that are calculated from this one."""
    return list(
        Metric.objects.filter(operands__of=metric, archived_at=None).select_related("workspace").order_by("name")
    )


def refuse_needed(metric: Metric) -> None:
    """Refuse to put away what others are calculated from."""
    if users := users_of(metric):
        raise ValidationError(
            _("“%(name)s” is needed for: %(users)s. Change or archive that first.")
            % {"name": metric.name, "users": ", ".join(one.name for one in users)}
        )


def follow(metric: Metric, before: Metric, changes: Mapping[str, object]) -> None:
    """Formulas that name a metric keep making sense after it changed: another key is put in, another unit asked about."""
    users = users_of(metric)
    if "key" in changes and before.key != metric.key:
        for one in users:
            one.formula = analysis.renamed(one.formula, before.key, metric.key)
            Metric.objects.filter(pk=one.pk).update(formula=one.formula, version=one.version + 1)
    if {"unit", "currency", "grain", "timezone"} & set(changes):
        for one in users:
            try:
                check(one)
            except ValidationError as refusal:
                raise ValidationError(
                    _("“%(name)s” is calculated from this metric and could not be any more: %(why)s")
                    % {"name": one.name, "why": " ".join(refusal.messages)}
                ) from refusal


__all__ = ["SENTENCES", "check", "follow", "keep", "refuse_needed", "sentence", "users_of"]
