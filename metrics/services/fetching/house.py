"""Values from the house itself: any number that may be watched, and any table that an app lets others read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics.services.fetching.asking import MOST_ROWS, Question, Unanswered
from metrics.services.fetching.sql import too_many
from opsboard.core import registry
from opsboard.core.contract import Dataset, Parts, Rows
from opsboard.core.periods import Period
from opsboard.core.uploads import Table, table_of

OWN = "metrics.value:"
BACK = timedelta(days=90)


def check_indicator(asks: Any) -> dict[str, str]:
    key = str(asks.get("indicator") or "")
    if not key:
        return {"indicator": _("Choose a number.")}
    if key.startswith(OWN):
        return {"indicator": _("This number is a metric already.")}
    return {}


def fetch_indicator(question: Question) -> Table:
    """The number now, for all its label sets; on the first turn its past as well."""
    if wrong := check_indicator(question.asks):
        raise Unanswered(" ".join(wrong.values()))
    key, viewer = str(question.asks["indicator"]), question.viewer
    try:
        title = registry.watchable(viewer, key).title
    except registry.UnknownKey as fault:
        raise Unanswered(_("This number is not there any more, or its owner may not see it.")) from fault
    readings = list(registry.read(viewer, [key], question.now))
    if any(one.status == "error" for one in readings):
        raise Unanswered(_("“%(name)s” could not be read.") % {"name": title})
    rows = {
        (question.now.replace(second=0, microsecond=0), tuple(sorted(one.labels.items()))): one.value
        for one in readings
    }
    if question.since is None:
        period = Period(question.now - BACK, question.now, "custom")
        for one in registry.history(viewer, [key], period, Parts()).get(key, ()):
            if one.at is not None:
                rows.setdefault((one.at, tuple(sorted(one.labels.items()))), one.value)
    labels = sorted({name for _at, pairs in rows for name, _value in pairs})
    known = sorted((at, pairs, value) for (at, pairs), value in rows.items() if value is not None)
    answer = [[at, value, *(dict(pairs).get(name, "") for name in labels)] for at, pairs, value in known]
    return table_of(["time", "value", *labels], answer[: question.most], filename=str(title))


def tables(viewer: Any) -> list[tuple[Dataset, Rows]]:
    """Every table of the house that this viewer may read."""
    return [(one, rows) for one in registry.datasets(viewer) for rows in one.datasets(viewer)]


def check_dataset(asks: Any) -> dict[str, str]:
    return {} if str(asks.get("dataset") or "") else {"dataset": _("Choose a table.")}


def fetch_dataset(question: Question) -> Table:
    if wrong := check_dataset(question.asks):
        raise Unanswered(" ".join(wrong.values()))
    key = str(question.asks["dataset"])
    found = next(((one, rows) for one, rows in tables(question.viewer) if rows.key == key), None)
    if found is None:
        raise Unanswered(_("This table is not there any more, or its owner may not see it."))
    offered, described = found
    only = {"from": question.since} if question.since else {}
    names = [column.name for column in described.columns]
    rows = []
    for row in offered.rows(question.viewer, key, names, only):
        rows.append(list(row))
        if len(rows) >= question.most:
            if question.most == MOST_ROWS:
                raise Unanswered(too_many())
            break
    return table_of(names, rows, filename=str(described.title))
