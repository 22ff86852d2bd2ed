"""How the columns of one file are read: which column is what, and in which encoding, order and zone."""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core.uploads import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("year", "month", "day", "clock")
PART_TITLES = {
    "year": gettext_lazy("Year"),
    "month": gettext_lazy("Month"),
    "day": gettext_lazy("Day"),
    "clock": gettext_lazy("Time of day"),
}
PART_WORDS = {
    "year": ("year", "yr", "年", "年份"),
    "month": ("month", "mon", "月", "月份"),
    "day": ("day", "dayofmonth", "日"),
    "clock": (),
}
READING = ("encoding", "delimiter", "decimal", "date_order", "timezone", "sheet")


@dataclass(frozen=True)
class Field:
    """One thing that a file may say. `words` are header names by which its column is guessed.

    `parts`: a moment may also come in several columns (year, month, day, time of day). `many`: any number of columns.
    """

    name: str
    title: Any
    kind: Literal["moment", "number", "text"]
    required: bool = False
    many: bool = False
    parts: bool = False
    words: tuple[str, ...] = ()
    blank: Literal["keep", "skip", "complain"] = "complain"
    shy: bool = False  # only taken where a header fits
    alone: bool = False  # where no header fits: the only column of its kind is taken
    unless: str = ""  # not required where this other one is there

    def wanted_by(self, plan: Plan) -> bool:
        """Whether the plan must name its column and does not."""
        return self.required and not plan.has(self.name) and not (self.unless and plan.has(self.unless))


@dataclass(frozen=True)
class Plan:
    """`columns` is `{role: its columns}`; a role is a field's name, or `at.year` for a part. `settings` are the app's."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    date_order: str = ""
    timezone: str = ""
    sheet: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def packed(self) -> dict[str, Any]:
        return {**asdict(self), "columns": {role: list(names) for role, names in self.columns.items()}}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Plan:
        known = {name: packed[name] for name in (*READING, "settings") if name in packed}
        return cls(columns={role: tuple(names) for role, names in packed.get("columns", {}).items()}, **known)

    def role_of(self, column: str) -> str:
        return next((role for role, names in self.columns.items() if column in names), "")

    def has(self, name: str) -> bool:
        return any(role.partition(".")[0] == name and names for role, names in self.columns.items())

    def moments(self, fields: Sequence[Field]) -> tuple[str, ...]:
        """The columns that are read as moments, each by itself."""
        return tuple(name for one in fields if one.kind == "moment" for name in self.columns.get(one.name, ()))

    def one(self, role: str) -> str:
        names = self.columns.get(role, ())
        return names[0] if names else ""


def roles(fields: Sequence[Field]) -> Iterator[tuple[str, Any, Field]]:
    """Every role a column may have: its name, its title, its field."""
    for one in fields:
        yield one.name, one.title, one
        if one.parts:
            for part in PARTS:
                yield f"{one.name}.{part}", PART_TITLES[part], one


def shape_of(table: Table) -> str:
    """The same for files whose header rows are the same."""
    return hashlib.sha256("\x1f".join(table.headers).encode()).hexdigest()


def guess(fields: Sequence[Field], table: Table) -> dict[str, tuple[str, ...]]:
    """Which column is what, from headers and cells."""
    free = list(table.names)
    found: dict[str, tuple[str, ...]] = {}

    def take(role: str, *names: str) -> None:
        found[role] = (*found.get(role, ()), *names)
        for name in names:
            free.remove(name)

    by_name = {_plain(name): name for name in reversed(table.names)}
    for one in fields:
        fitting = [by_name[word] for word in one.words if word in by_name and by_name[word] in free]
        if (
            one.kind == "moment"
            and one.parts
            and (parts := _parts(by_name, free))
            and not any(table.guesses[name].kind == "moment" and len(_plain(name)) > 4 for name in fitting)
        ):
            for part, name in parts.items():
                take(f"{one.name}.{part}", name)
            continue
        sure = [name for name in fitting if table.guesses[name].kind == one.kind or one.kind == "text"]
        right = sure or fitting
        of_kind = [name for name in free if table.guesses[name].kind == one.kind]
        if right:
            take(one.name, *(right if one.many else right[:1]))
        elif one.shy:
            continue
        elif one.many:
            if one.kind == "text":  # remarks that few rows have say nothing of the others
                of_kind = [name for name in of_kind if table.guesses[name].blanks * 2 <= len(table)]
            if of_kind:
                take(one.name, *of_kind)
        elif (one.kind == "moment" and of_kind) or (one.alone and len(of_kind) == 1):
            take(one.name, of_kind[0])
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _parts(by_name: Mapping[str, str], free: Sequence[str]) -> dict[str, str]:
    found = {
        part: by_name[word]
        for part in ("year", "month", "day")
        for word in PART_WORDS[part]
        if word in by_name and by_name[word] in free
    }
    return found if {"year", "month"} <= set(found) else {}


def check(
    fields: Sequence[Field], plan: Plan, names: Sequence[str] | None, more: Callable[[Plan], None] | None
) -> None:
    """Refuse a plan that cannot work; `names` are the file's columns where they are known."""
    known = {role: one for role, _title, one in roles(fields)}
    taken: set[str] = set()
    for role, columns in plan.columns.items():
        if role not in known:
            raise ValidationError({"mapping": _("“%(role)s” is not something a column can be.") % {"role": role}})
        if len(columns) > 1 and not known[role].many:
            title = next(str(title) for name, title, _one in roles(fields) if name == role)
            raise ValidationError({"mapping": _("Only one column can be “%(role)s”.") % {"role": title}})
        for column in columns:
            if names is not None and column not in names:
                raise ValidationError({"mapping": _("The file has no column named “%(column)s”.") % {"column": column}})
            if column in taken:
                raise ValidationError({"mapping": _("“%(column)s” is used twice.") % {"column": column}})
            taken.add(column)
    if names is not None:
        for one in fields:
            if one.wanted_by(plan):
                raise ValidationError({"mapping": _("Say which column is “%(role)s”.") % {"role": one.title}})
            if one.parts and plan.has(f"{one.name}") and not plan.one(one.name) and not plan.one(f"{one.name}.year"):
                raise ValidationError({"mapping": _("Say which column is “%(role)s”.") % {"role": PART_TITLES["year"]}})
        if more:
            more(plan)
    if plan.timezone and plan.timezone not in zoneinfo.available_timezones():
        raise ValidationError({"timezone": _("“%(name)s” is not a time zone.") % {"name": plan.timezone}})
    for name, choices in (("decimal", {"", ".", ","}), ("date_order", {"", "ymd", "dmy", "mdy"})):
        if getattr(plan, name) not in choices:
            raise ValidationError({name: _("“%(value)s” is not possible here.") % {"value": getattr(plan, name)}})


def plan_of(text: str, fields: Sequence[Field], *, settings: Sequence[str]) -> Plan:
    """The plan that a program sends as JSON: `{"at": "day", "value": "sales", "labels": ["shop"], "date_order": "dmy"}`.

    A moment in parts is `{"year": "y", "month": "m", "day": "d"}`, or a list in that order. What is left out is guessed.
    """
    try:
        given = json.loads(text or "{}")
    except ValueError as fault:
        raise ValidationError({"mapping": _("The mapping is not JSON: %(fault)s") % {"fault": fault}}) from fault
    if not isinstance(given, dict):
        raise ValidationError({"mapping": _("The mapping must be a JSON object.")})
    by_name = {one.name: one for one in fields}
    columns: dict[str, tuple[str, ...]] = {}
    reading: dict[str, str] = {}
    rest: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name in READING:
            if not isinstance(value, str):
                raise ValidationError({name: _("This must be a text.")})
            reading[name] = value
        elif name in settings:
            rest[name] = value
        elif name in by_name:
            columns |= _columns(by_name[name], value)
        else:
            raise ValidationError({"mapping": _("“%(role)s” is not something a column can be.") % {"role": name}})
    plan = Plan(columns=columns, settings=rest, **reading)
    check(fields, plan, None, None)
    return plan


def _columns(one: Field, value: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(value, str):
        return {one.name: (value,)}
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        if one.many or len(value) == 1:
            return {one.name: tuple(value)} if value else {}
        if one.parts and len(value) <= len(PARTS):
            return {f"{one.name}.{part}": (name,) for part, name in zip(PARTS, value, strict=False)}
    if isinstance(value, dict) and one.parts and set(value) <= set(PARTS) and _texts(value.values()):
        return {f"{one.name}.{part}": (name,) for part, name in value.items()}
    raise ValidationError({"mapping": _("“%(role)s” must name columns of the file.") % {"role": one.name}})


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
