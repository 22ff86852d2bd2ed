"""Which alerts a silence or a maintenance window is about: matchers on labels, severity and watch.

`~` compares with a pattern in which * stands for anything and | parts alternatives: `North*|South`. It is no regular
expression on purpose: a pattern that somebody types must not be able to keep an evaluator busy.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

type MatchOp = Literal["=", "!=", "~"]
OPS: Final = ("=", "!=", "~")
SEVERITY, WATCH = "severity", "watch"
_WRITTEN = re.compile(r"\s*([^=!~,]+?)\s*(!=|=|~)\s*(.*?)\s*\Z", re.DOTALL)
LONGEST: Final = 200
MOST: Final = 20


class MatcherError(ValueError):
    """A text that is no matcher."""


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    op: MatchOp
    value: str

    def fits(self, facts: Mapping[str, Sequence[str]]) -> bool:
        """Whether one of the facts of this name fits; a label that is not there counts as empty."""
        said = facts.get(self.name) or ("",)
        match self.op:
            case "=":
                return self.value in said
            case "!=":
                return self.value not in said
            case "~":
                pattern = _pattern(self.value)
                return any(pattern.match(one) for one in said)

    def __str__(self) -> str:
        return f"{self.name}{self.op}{self.value}"


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    """fnmatch writes atomic groups: it never backtracks for long."""
    parts = [part.strip().replace("[", "[[]") for part in text.split("|")]
    return re.compile("|".join(f"(?:{fnmatch.translate(part)})" for part in parts))


def fits(matchers: Iterable[Matcher], facts: Mapping[str, Sequence[str]]) -> bool:
    """All matchers must fit; none at all fits nothing."""
    rows = list(matchers)
    return bool(rows) and all(one.fits(facts) for one in rows)


def facts_of(labels: Mapping[str, str], *, severity: str, watch: int, title: str) -> dict[str, tuple[str, ...]]:
    """What matchers may ask of an alert: its labels, its severity, and its watch by number or name."""
    return {**{name: (value,) for name, value in labels.items()}, SEVERITY: (severity,), WATCH: (str(watch), title)}


def parse(text: str) -> tuple[Matcher, ...]:
    """`shop=North, severity!=info` or one a line. Raises ``MatcherError`` with the part that is wrong."""
    found: list[Matcher] = []
    for part in re.split(r"[,\n，]", text):
        if not part.strip():
            continue
        written = _WRITTEN.match(part)
        if written is None or len(part) > LONGEST or "\x00" in part:
            raise MatcherError(part.strip()[:60])
        found.append(Matcher(written[1], written[2], written[3]))  # type: ignore[arg-type]
    if len(found) > MOST:
        raise MatcherError(str(found[MOST]))
    return tuple(found)


def written(matchers: Iterable[Matcher]) -> str:
    return ", ".join(map(str, matchers))


def from_json(rows: Iterable[Sequence[str]]) -> tuple[Matcher, ...]:
    return tuple(Matcher(str(name), op, str(value)) for name, op, value in rows if op in OPS)  # type: ignore[arg-type]


def as_json(matchers: Iterable[Matcher]) -> list[list[str]]:
    return [[one.name, one.op, one.value] for one in matchers]
