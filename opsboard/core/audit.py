"""Who did what: the history of every tracked table, what happened, and imports, as one list in plain words.

The tables of history are found, not named: a model of any app that is tracked and has a workspace is in the audit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import pghistory.models
from django.apps import apps
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from opsboard.core import registry
from opsboard.core.models import ImportRun, Membership, Occurrence, Team, TeamMember, User, Workspace

CHUNK = 500
SEEN = 2  # changes of a deed that stand open
OCCURRENCES, IMPORTS = "occurrence", "import"
NAMES = ("name", "title", "username", "week", "key")
QUIET = {"id", "version", "before", "tiles", "workspace", "created_at", "updated_at", "joined_at", "hint"}
QUIET_AT_FIRST = {*NAMES, "is_active"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
DEEDS = {
    "insert": gettext_lazy("Added"),
    "update": gettext_lazy("Changed"),
    "delete": gettext_lazy("Removed"),
}


# Fields that have a column's name only; those that stand here have a word for people, the others are not told.
WORDS = {
    "user": gettext_lazy("Person"), "by": gettext_lazy("Done by"), "owner": gettext_lazy("Owner"), "team": gettext_lazy("Team"),
    "author": gettext_lazy("Done by"), "opened_by": gettext_lazy("Done by"), "written_by": gettext_lazy("Done by"),
    "invited_by": gettext_lazy("Done by"), "accepted_by": gettext_lazy("Accepted by"), "closed_by": gettext_lazy("Closed by"),
    "opened_at": gettext_lazy("Opened"), "started_at": gettext_lazy("Begun"), "closed_at": gettext_lazy("Closed"),
    "paused_at": gettext_lazy("Paused"), "archived_at": gettext_lazy("Archived"), "deleted_at": gettext_lazy("Deleted"),
    "revoked_at": gettext_lazy("Revoked"), "withdrawn_at": gettext_lazy("Withdrawn"),
    "accepted_at": gettext_lazy("Accepted"), "expires_at": gettext_lazy("Ends"), "proven_at": gettext_lazy("Proven"),
    "about_name": gettext_lazy("About"), "action": gettext_lazy("Action"), "action_name": gettext_lazy("Action"),
    "watch": gettext_lazy("Watch"), "dashboard": gettext_lazy("Dashboard"), "review": gettext_lazy("Weekly review"),
    "parent": gettext_lazy("Works on"), "child": gettext_lazy("Metric"), "unit": gettext_lazy("Unit"),
    "baseline": gettext_lazy("Baseline"), "value_at_close": gettext_lazy("Value at the end"),
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One deed: when, who, what, and each value before and after."""

    at: datetime
    who: str
    kind: str
    deed: str
    name: str
    changes: tuple[Change, ...] = ()
    url: str = ""

    @property
    def first(self) -> tuple[Change, ...]:
        """What is seen at once; the rest is a click away, so that one deed does not fill the page."""
        return self.changes[: len(self.changes) if len(self.changes) <= SEEN + 1 else SEEN]

    @property
    def rest(self) -> tuple[Change, ...]:
        return self.changes[len(self.first) :]

    @property
    def words(self) -> str:
        """The changes as one line, for exports."""
        return "; ".join(
            f"{one.field}: {one.before} → {one.after}" if one.before else f"{one.field}: {one.after}"
            for one in self.changes
        )


@cache
def histories() -> dict[str, type[models.Model]]:
    """`{label of the tracked model: its table of history}` for all that belong to a workspace."""
    found: dict[str, type[models.Model]] = {}
    for model in apps.get_models():
        tracked = getattr(model, "pgh_tracked_model", None)
        if tracked is None or not issubclass(model, pghistory.models.Event):
            continue
        if tracked in (User, Workspace, TeamMember) or any(field.name == "workspace" for field in model._meta.fields):
            found[tracked._meta.label_lower] = model
    return found


def kinds() -> list[tuple[str, str]]:
    """What the list can be narrowed to."""
    tracked = [(label, str(tracked_by(history)._meta.verbose_name)) for label, history in histories().items()]
    return [*sorted(tracked, key=lambda pair: pair[1]), (OCCURRENCES, _("Event")), (IMPORTS, _("Imports"))]


def tracked_by(history: type[models.Model]) -> type[models.Model]:
    tracked: type[models.Model] = history.pgh_tracked_model  # type: ignore[attr-defined]
    return tracked


def _of(workspace: Workspace, history: type[models.Model]) -> models.QuerySet[Any]:
    """The history's rows that concern this workspace; also those about what is long gone."""
    rows = history._default_manager.all()
    tracked = tracked_by(history)
    if tracked is User:
        members = histories()[Membership._meta.label_lower]
        return rows.filter(pgh_obj_id__in=members._default_manager.filter(workspace_id=workspace.pk).values("user_id"))
    if tracked is Workspace:
        return rows.filter(pgh_obj_id=workspace.pk)
    if tracked is TeamMember:
        teams = histories()[Team._meta.label_lower]
        return rows.filter(team_id__in=teams._default_manager.filter(workspace_id=workspace.pk).values("pgh_obj_id"))
    return rows.filter(workspace_id=workspace.pk)


@dataclass(frozen=True)
class Deeds:
    """All deeds in a workspace, the newest first; behaves as the rows of a `lists.Listing`."""

    workspace: Workspace
    kind: str = ""
    person: int | None = None
    since: datetime | None = None
    oldest_first: bool = False
    ordered = True
    _prefetch_related_lookups = True  # an export walks us in our own chunks

    def only(self, **wishes: Any) -> Deeds:
        return replace(self, **wishes)

    def order_by(self, *names: str) -> Deeds:
        return replace(self, oldest_first=bool(names) and names[0] == "at")

    def count(self) -> int:
        return self._rows().count()

    __len__ = count

    def __getitem__(self, part: slice) -> list[Entry]:
        rows = list(
            self._rows().order_by("entry_at" if self.oldest_first else "-entry_at", "entry_source", "entry_row")[part]
        )
        return [entry for begin in range(0, len(rows), CHUNK) for entry in _told(rows[begin : begin + CHUNK])]

    def __iter__(self) -> Iterator[Entry]:
        rows = self._rows().order_by("entry_at" if self.oldest_first else "-entry_at", "entry_source", "entry_row")
        for begin in range(0, rows.count(), CHUNK):
            yield from _told(list(rows[begin : begin + CHUNK]))

    def _rows(self) -> models.QuerySet[Any, tuple[str, int, datetime, int | None]]:
        first, *rest = self._sources()
        rows: models.QuerySet[Any, tuple[str, int, datetime, int | None]] = (
            first.union(*rest, all=True) if rest else first
        )
        return rows

    def _sources(self) -> list[Any]:
        user = Cast(KeyTextTransform("user", "pgh_context__metadata"), models.BigIntegerField())
        found = []
        for label, history in histories().items():
            if self.kind in ("", label):
                rows = _of(self.workspace, history).annotate(
                    entry_source=models.Value(label), entry_row=Cast("pgh_id", models.BigIntegerField()), entry_at=models.F("pgh_created_at"), entry_who=user
                )  # fmt: skip
                found.append(self._narrowed(rows))
        if self.kind in ("", OCCURRENCES):
            happened = Occurrence.objects.filter(workspace=self.workspace)
            found.append(self._narrowed(happened.annotate(
                entry_source=models.Value(OCCURRENCES), entry_row=models.F("id"), entry_at=models.F("at"), entry_who=models.F("by_id")
            )))  # fmt: skip
        if self.kind in ("", IMPORTS):
            runs = ImportRun.objects.filter(workspace=self.workspace, finished_at__isnull=False)
            found.append(self._narrowed(runs.annotate(
                entry_source=models.Value(IMPORTS), entry_row=models.F("id"), entry_at=models.F("finished_at"), entry_who=models.F("by_id")
            )))  # fmt: skip
        return found

    def _narrowed(self, rows: Any) -> Any:
        if self.person is not None:
            rows = rows.filter(entry_who=self.person)
        if self.since is not None:
            rows = rows.filter(entry_at__gte=self.since)
        return rows.order_by().values_list("entry_source", "entry_row", "entry_at", "entry_who")


# --- in plain words ---------------------------------------------------------------------------------------------------


def _told(rows: Sequence[tuple[str, int, datetime, int | None]]) -> list[Entry]:
    """The entries of these rows, in a number of queries that depends on the kinds among them, not on their number."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for source, row, _at, _who in rows:
        by_source[source].append(row)
    people = {user.pk: str(user) for user in User.objects.filter(pk__in={who for *_rest, who in rows if who})}
    told: dict[tuple[str, int], Entry] = {}
    for source, pks in by_source.items():
        if source == OCCURRENCES:
            told |= {(source, one.pk): _happened(one) for one in Occurrence.objects.filter(pk__in=pks)}
        elif source == IMPORTS:
            told |= {
                (source, one.pk): _imported(one) for one in ImportRun.objects.filter(pk__in=pks).select_related("file")
            }
        else:
            told |= {(source, pk): entry for pk, entry in _changed(histories()[source], pks)}
    return [
        replace(told[source, row], at=at, who=people.get(who or 0, _("Opsboard itself")))
        for source, row, at, who in rows
        if (source, row) in told
    ]


def _happened(one: Occurrence) -> Entry:
    try:
        event = registry.event(one.key)
    except registry.UnknownKey:  # an app that is no longer here
        return Entry(one.at, "", _("Event"), one.key, one.about_name, url=one.about_url)
    changes = tuple(
        Change(str(fact.title), "", _plain(_moment(one.facts[fact.name])))
        for fact in event.facts
        if one.facts.get(fact.name)
    )
    return Entry(one.at, "", _("Event"), str(event.title), one.about_name, changes, one.about_url)


def _imported(one: ImportRun) -> Entry:
    words = {"written": _("New"), "revised": _("Revised"), "unchanged": _("As before")}
    counts = [Change(word, "", _plain(one.summary[name])) for name, word in words.items() if name in one.summary]
    into = [str(part["name"]) for part in one.summary.get("parts") or () if isinstance(part, dict) and "name" in part]
    if into:
        counts.append(Change(_("What went where"), "", pgettext("between names", ", ").join(into)))
    return Entry(
        one.created_at, "", _("Imports"), _("Imported"), one.file.name if one.file else one.importer, tuple(counts)
    )


def _changed(history: type[models.Model], pks: Iterable[int]) -> list[tuple[int, Entry]]:
    earlier = history._default_manager.filter(
        pgh_obj_id=models.OuterRef("pgh_obj_id"), pgh_id__lt=models.OuterRef("pgh_id")
    ).order_by("-pgh_id")
    rows: list[Any] = list(
        history._default_manager.filter(pk__in=list(pks)).annotate(
            pgh_before=models.Subquery(earlier.values("pgh_id")[:1])
        )
    )
    before: dict[int, Any] = history._default_manager.in_bulk([row.pgh_before for row in rows if row.pgh_before])
    fields = [field for field in tracked_by(history)._meta.fields if hasattr(history, field.attname)]
    words = {field.name: _word(field) for field in fields}
    named = _names_of(fields, [*rows, *before.values()])
    answer = []
    for row in rows:
        old = before.get(row.pgh_before) if row.pgh_label == "update" else None
        changes = tuple(
            Change(
                words[field.name],
                _shown(field, getattr(old, field.attname), named) if old else "",
                _shown(field, getattr(row, field.attname), named),
            )
            for field in fields
            if words[field.name]
            and field.name not in QUIET
            and (getattr(old, field.attname) != getattr(row, field.attname) if old else _says(row, field))
        )
        kind = str(tracked_by(history)._meta.verbose_name)
        name = _name(row, fields, named)
        answer.append(
            (
                row.pgh_id,
                Entry(row.pgh_created_at, "", kind, str(DEEDS.get(row.pgh_label, row.pgh_label)), name, changes),
            )
        )
    return answer


def _word(field: models.Field[Any, Any]) -> str:
    """What people call a field; nothing for one that has a column's name only."""
    given = getattr(field, "_verbose_name", None)
    return str(given if given is not None else WORDS.get(field.name, ""))


def _says(row: Any, field: models.Field[Any, Any]) -> bool:
    """Whether a new row's value is worth a word."""
    value = getattr(row, field.attname)
    return row.pgh_label == "insert" and value not in (None, "", [], {}, False) and field.name not in QUIET_AT_FIRST


def _names_of(fields: Iterable[models.Field[Any, Any]], rows: Iterable[Any]) -> dict[tuple[str, Any], str]:
    """The present names of everything that these rows point at: one query a model."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for field in fields:
        if field.related_model and field.related_model is not Workspace:
            wanted[field.related_model] |= {value for row in rows if (value := getattr(row, field.attname)) is not None}
    return {
        (model._meta.label_lower, pk): str(thing)
        for model, pks in wanted.items()
        if pks
        for pk, thing in model._default_manager.in_bulk(pks).items()
    }


def _name(row: Any, fields: Sequence[models.Field[Any, Any]], named: dict[tuple[str, Any], str]) -> str:
    here = {field.name: field for field in fields}
    for name in NAMES:
        if name in here and getattr(row, name):
            return str(getattr(row, name))
    people = [field for field in fields if field.related_model and field.related_model is not Workspace]
    said = [_shown(field, getattr(row, field.attname), named) for field in people if getattr(row, field.attname)]
    return " · ".join(said[:2])


def _shown(field: models.Field[Any, Any], value: Any, named: dict[tuple[str, Any], str]) -> str:
    if value is not None and field.related_model:
        return named.get((field.related_model._meta.label_lower, value), _("(no longer here)"))
    for key, label in field.flatchoices or ():
        if key == value:
            return str(label)
    return _plain(value)


def _moment(value: Any) -> Any:
    """A moment that was written down as text, as a moment again."""
    if not isinstance(value, str) or not MOMENT.match(value):
        return value
    try:
        found = parse_datetime(value)
    except ValueError:  # it looks like one, and no calendar has it
        return value
    return found if found is not None and found.tzinfo is not None else value


def _plain(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return (value.astimezone(get_current_timezone()) if value.tzinfo else value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(part) for part in value)
    return str(value)[:300]
