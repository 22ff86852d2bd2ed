"""Steps as people type them: rows of texts in, steps out, each complaint beside its field."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from processes.analysis.bpmn import END, Step, Way, follower
from processes.analysis.bpmn.steps import Split
from processes.analysis.durations import DAY, HOUR, MINUTE, WORKING_DAY, DurationError, Estimate, Unit, parse, spell

FIELDS: Final = ("name", "role", "working", "waiting", "then", "output", "volume", "system", "cost", "phase")
HIDDEN: Final = ("id", "scope", "kind")
LONGEST: Final = {"name": 300, "role": 200, "output": 300, "system": 200, "phase": 100, "then": 600}
ENDS: Final = frozenset({"end", "结束", "完", "完成", "stop"})
_NUMBERED: Final = re.compile(r"(\d+)\s*(?:(\d{1,3}(?:[.,]\d+)?)\s*%)?\s*(.*)")
_NAMED: Final = re.compile(r"([^%]*?)\s*(?:(\d{1,3}(?:[.,]\d+)?)\s*%\s*(.*))?")
_BETWEEN: Final = re.compile(r'[,;，；、+/|]|(?:“[^”]*”|"[^"]*"|[^,;，；、+/|“"])+')
_SPECIAL: Final = re.compile(r'[,;，；、+/|%“”"\d]')


@dataclass
class Row:
    """One row of the table: what was typed, what is wrong with it, and the step that it says."""

    number: int
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    step: Step | None = None
    depth: int = 0

    @property
    def kind_word(self) -> str:
        """What a row is that is no task: a sub-process, or something that is waited for."""
        kind = self.values.get("kind", "task")
        if kind == "sub":
            return _("Sub-process")
        if kind == "timer":
            return _("Waits for a time")
        return pgettext("in a drawing", "Event") if kind in {"message", "event", "signal"} else ""

    @property
    def more_is_wrong(self) -> bool:
        """Whether a complaint stands in the part of the row that is folded away."""
        return bool(self.errors.keys() & {"output", "system", "cost", "volume", "phase"})

    @property
    def blank(self) -> bool:
        """Nothing is said yet: a new row has the role of the one before."""
        said = (name for name in FIELDS if name != "role")
        return not self.values.get("id_known") and not any(self.values.get(name, "").strip() for name in said)


def units(*, working: bool) -> tuple[Unit, ...]:
    """The units that durations are written in; a day of waiting is a day, so work is written in hours at most."""
    hours = (
        Unit(HOUR, pgettext("unit", "h")), Unit(MINUTE, pgettext("unit", "min")), Unit(1.0, pgettext("unit", "s")),
    )  # fmt: skip
    return hours if working else (Unit(DAY, pgettext("unit", "d")), *hours)


def spelled(estimate: Estimate | None, *, working: bool) -> str:
    return spell(estimate, units(working=working))


def shown_rows(steps: Sequence[Step], known: Sequence[str] = ()) -> list[Row]:
    """Steps as the table shows them."""
    numbers = {step.id: index for index, step in enumerate(steps, 1)}
    inner = {step.id for step in steps if step.kind == "sub"}
    depth: dict[str, int] = {}
    rows = []
    for index, step in enumerate(steps, 1):
        depth[step.id] = depth.get(step.scope, -1) + 1 if step.scope in inner else 0
        rows.append(
            Row(
                index,
                {
                    "id": step.id, "id_known": "yes", "scope": step.scope, "kind": step.kind, "name": step.name,
                    "role": step.role, "working": spelled(step.working, working=True),
                    "waiting": spelled(step.waiting, working=False), "then": then_of(step, numbers),
                    "output": step.output, "volume": "" if step.volume is None else f"{step.volume:g}",
                    "system": step.system, "cost": step.cost, "phase": step.phase,
                },
                step=step,
                depth=depth[step.id],
            )
        )  # fmt: skip
    return rows


def then_of(step: Step, numbers: Mapping[str, int]) -> str:
    """Where a step goes on: nothing for the next row, else numbers with shares and names."""
    if step.ways is None:
        return ""
    between = {"all": " + ", "one": ", "}.get(step.split, " / ")
    return between.join(_way_of(way, numbers) for way in step.ways)


def _way_of(way: Way, numbers: Mapping[str, int]) -> str:
    to = str(numbers[way.to]) if way.to in numbers else pgettext("of a flow", "end")
    share = "" if way.share is None else f"{way.share * 100:.4g} %"
    name = f"“{way.name.replace('”', '')}”" if _SPECIAL.search(way.name) else way.name
    return " ".join(word for word in (to, share, name) if word)


def read_rows(typed: Sequence[Mapping[str, str]], drawn: Sequence[Step] = ()) -> list[Row]:
    """Rows as they were typed, with steps where nothing is wrong; rows without anything are left out.

    `drawn` are the steps as they stand: ways that only a diagram can say are kept where nobody touched them.
    """
    standing = {step.id: step for step in drawn}
    rows = [Row(index, dict(values)) for index, values in enumerate(typed, 1)]
    for row in rows:
        if not row.blank and not row.values.get("id"):
            row.values["id"] = f"Step_{secrets.token_hex(4)}"
    ids = {row.number: row.values["id"] for row in rows if not row.blank}
    names: dict[str, str] = {}
    for row in rows:
        if not row.blank:
            names.setdefault(row.values.get("name", "").strip().casefold(), row.values["id"])
    for row in rows:
        if not row.blank:
            _read(row, ids, names, standing)
    return [row for row in rows if not row.blank]


def _read(row: Row, ids: Mapping[int, str], names: Mapping[str, str], standing: Mapping[str, Step]) -> None:
    values, errors = row.values, row.errors
    for name, most in LONGEST.items():
        if len(values.get(name, "")) > most:
            errors[name] = _("At most %(most)s characters.") % {"most": most}
    if not values.get("name", "").strip() and not values.get("id_known"):
        errors["name"] = _("What is done here? Give the step a name.")
    working = _duration(row, "working", WORKING_DAY)
    waiting = _duration(row, "waiting", DAY)
    volume = _number(row, "volume")
    cost = _number(row, "cost")
    ways, split = _then(row, ids, names)
    if split == "mixed":
        was = standing.get(values["id"])
        if was is not None and was.ways is not None and set(was.ways) == set(ways or ()):
            ways, split = was.ways, was.split
        else:
            errors["then"] = _(
                "Write either 3, 5 (one of them) or 3 + 5 (both); what is more mixed is drawn in the diagram."
            )
    if errors:
        return
    row.step = Step(
        id=values["id"], name=values.get("name", "").strip(), role=" ".join(values.get("role", "").split()),
        kind=values.get("kind") or "task", working=working, waiting=waiting, output=values.get("output", "").strip(),
        volume=None if volume is None else float(volume), system=values.get("system", "").strip(),
        cost="" if cost is None else f"{cost:f}", phase=values.get("phase", "").strip(), ways=ways, split=split,
        scope=values.get("scope", ""),
    )  # fmt: skip


def _duration(row: Row, name: str, day: float) -> Estimate | None:
    try:
        return parse(row.values.get(name, ""), day=day)
    except DurationError as error:
        row.errors[name] = wrong_duration(error)
        return None


def wrong_duration(error: DurationError) -> str:
    return {
        "unit": _("“%(word)s” is no unit of time. Write min, h or d."),
        "order": _("Write the shortest first: low–likely–high."),
        "many": _("Write one number, or low–likely–high."),
        "long": _("That is more than ten years."),
    }.get(error.code, _("Write a number of minutes, or such as 2 h, 1.5 d, 10–20–45.")) % {"word": error.word}


def _number(row: Row, name: str) -> Decimal | None:
    typed = row.values.get(name, "").strip().replace(" ", "").replace("，", ",")
    if not typed:
        return None
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", typed):
        typed = typed.replace(",", "")
    try:
        value = Decimal(typed.replace(",", "."))
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value < 10**9:
        row.errors[name] = _("Write a number of zero or more.")
        return None
    return value


def _then(row: Row, ids: Mapping[int, str], names: Mapping[str, str]) -> tuple[tuple[Way, ...] | None, Split]:
    typed = row.values.get("then", "").strip()
    if not typed:
        return None, "one"
    parts = _BETWEEN.findall(typed)
    marks = {part for part in parts if len(part) == 1 and part in ",;，；、+/|"}
    ways = []
    for part in parts:
        if part in marks:
            continue
        way = _way(row, part, ids, names)
        if way is None:
            return None, "one"
        ways.append(way)
    if len({way.to for way in ways}) < len(ways):
        row.errors["then"] = _("A step is named twice here.")
    split: Split = "all" if marks == {"+"} else "mixed" if marks & {"/", "|"} else "one"
    if "+" in marks and len(marks) > 1:
        split = "mixed"
    if split == "one" and sum(way.share or 0 for way in ways) > 1.0001:
        row.errors["then"] = _("The shares add up to more than 100 %%.") % {}
    return tuple(ways), split


def _way(row: Row, part: str, ids: Mapping[int, str], names: Mapping[str, str]) -> Way | None:
    quoted = re.search(r'[“"]([^”"]*)[”"]', part)
    words = (part[: quoted.start()] if quoted else part).strip().replace("％", "%")
    found = _NUMBERED.fullmatch(words) or _NAMED.fullmatch(words)
    if not found or not found[1].strip():
        row.errors["then"] = _("Write the numbers of steps: 3, or 3 70 %%, 5 30 %%, or 3 + 5 for both at once.") % {}
        return None
    to, share, name = found[1].strip(), _share(found[2]), (quoted[1] if quoted else found[3] or "").strip()
    key: str | None = None
    if to.isdecimal():
        key = ids.get(int(to)) if len(to) < 6 else None
    elif to.casefold() in names:
        key = names[to.casefold()]
    elif to.split()[0].casefold() in ENDS:
        key, name = END, name or " ".join(to.split()[1:])
    if key is None:
        row.errors["then"] = _("There is no step “%(step)s” here. Write its number.") % {"step": to[:40]}
        return None
    if share is not None and share > 1:
        row.errors["then"] = _("A share is at most 100 %%.") % {}
        return None
    return Way(key, share, name)


def _share(typed: str | None) -> float | None:
    return float(typed.replace(",", ".")) / 100 if typed else None


def told_ways(steps: Sequence[Step], index: int) -> tuple[Way, ...]:
    ways = steps[index].ways
    return (Way(follower(steps, index)),) if ways is None else ways
