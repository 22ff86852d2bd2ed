"""Formulas over metrics: `returns / orders`, `(sales - costs) / sales`; read by a small parser of our own, never run as code.

A name is a metric's key. Keys may hold a minus, so a minus between two of them stands apart: `sales - costs`. A key that
looks like a number is written in brackets: `[2024] / orders`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_NAMES = 12
DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?![\w-]))|(?P<name>[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)|\[(?P<quoted>[^\[\]]*)\]|(?P<sign>[-+*/()×÷−]))"
)
_PLAIN = {"×": "*", "÷": "/", "−": "-"}


class FormulaError(ValueError):
    """What is wrong: empty, sign, end, closed, deep, many, or units; and with which words of the formula."""

    def __init__(self, what: str, *words: str) -> None:
        self.what, self.words = what, words
        super().__init__(f"{what}: {', '.join(words)}")


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    key: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Two parts and what stands between them."""

    sign: str
    left: Term
    right: Term


Term = Number | Name | Sum


def parse(text: str) -> Term:
    """The formula as a tree; raises FormulaError."""
    words = _words(text)
    if not words:
        raise FormulaError("empty")
    reader = _Reader(words)
    tree = reader.sum(0)
    if reader.place < len(words):
        raise FormulaError("sign", words[reader.place][1])
    if len(names_of(tree)) > MOST_NAMES:
        raise FormulaError("many", str(MOST_NAMES))
    return tree


def _words(text: str) -> list[tuple[str, str]]:
    words, place, text = [], 0, text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormulaError("sign", text[place:].strip()[:20])
        kind = found.lastgroup or ""
        word = found.group(kind)
        words.append(("name" if kind == "quoted" else kind, _PLAIN.get(word, word)))
        place = found.end()
    return words


class _Reader:
    def __init__(self, words: list[tuple[str, str]]) -> None:
        self.words, self.place = words, 0

    def _next(self, *signs: str) -> str:
        """The next sign, if it is one of these."""
        if self.place < len(self.words):
            kind, word = self.words[self.place]
            if kind == "sign" and word in signs:
                self.place += 1
                return word
        return ""

    def sum(self, depth: int) -> Term:
        tree = self.product(depth)
        while sign := self._next("+", "-"):
            tree = Sum(sign, tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Term:
        tree = self.part(depth)
        while sign := self._next("*", "/"):
            tree = Sum(sign, tree, self.part(depth))
        return tree

    def part(self, depth: int) -> Term:
        if depth > DEEPEST:
            raise FormulaError("deep")
        if self._next("-"):
            return Sum("-", Number(0.0), self.part(depth + 1))
        if self._next("("):
            tree = self.sum(depth + 1)
            if not self._next(")"):
                raise FormulaError("closed")
            return tree
        if self.place >= len(self.words):
            raise FormulaError("end")
        kind, word = self.words[self.place]
        if kind == "sign":
            raise FormulaError("sign", word)
        self.place += 1
        if kind == "name":
            return Name(word)
        if len(word) > 30:
            raise FormulaError("sign", word[:20])
        return Number(float(word))


def names_of(tree: Term) -> list[str]:
    """The keys, each once, in order."""
    found: dict[str, None] = {}
    waiting: list[Term] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name):
            found[part.key] = None
        elif isinstance(part, Sum):
            waiting += [part.right, part.left]
    return list(found)


def value_of(tree: Term, values: Mapping[str, float | None]) -> float | None:
    """What comes out; nothing where a part has no value, or something is divided by nought."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        return values.get(tree.key)
    left, right = value_of(tree.left, values), value_of(tree.right, values)
    if left is None or right is None:
        return None
    if tree.sign == "/":
        if right == 0:
            return None
        found = left / right
    else:
        found = left + right if tree.sign == "+" else left - right if tree.sign == "-" else left * right
    return found if math.isfinite(found) else None


def weight_of(tree: Term, values: Mapping[str, float | None]) -> float:
    """How much a value weighs beside others of its kind: a quotient its denominator, anything else one."""
    if isinstance(tree, Sum) and tree.sign == "/":
        return abs(value_of(tree.right, values) or 0.0)
    return 1.0


def quotient(tree: Term) -> tuple[float, str, str] | None:
    """(factor, key above, key below) where a formula is one metric over another, perhaps times a number; else nothing."""
    found = _quotient(tree)
    return found if found is not None and found[1] and found[2] else None


def _quotient(tree: Term) -> tuple[float, str, str] | None:
    if isinstance(tree, Number):
        return tree.value, "", ""
    if isinstance(tree, Name):
        return 1.0, tree.key, ""
    left, right = _quotient(tree.left), _quotient(tree.right)
    if left is None or right is None or tree.sign not in "*/":
        return None
    if tree.sign == "*":
        if left[1] and right[1]:
            return None
        return left[0] * right[0], left[1] or right[1], left[2] or right[2]
    if not right[0] or right[2] or (right[1] and (left[2] or not left[1])):
        return None
    return left[0] / right[0], left[1], left[2] or right[1]


def units_of(tree: Term, units: Mapping[str, str]) -> dict[str, int] | None:
    """`{unit: power}` of what comes out; nothing for a bare number, which goes with all. Raises FormulaError("units")."""
    if isinstance(tree, Number):
        return None
    if isinstance(tree, Name):
        unit = units.get(tree.key, "")
        return {unit: 1} if unit not in {"", "%"} else {}
    left, right = units_of(tree.left, units), units_of(tree.right, units)
    if tree.sign in "+-":
        if left is not None and right is not None and left != right:
            raise FormulaError("units", unit_text(left), unit_text(right))
        return right if left is None else left
    sign = 1 if tree.sign == "*" else -1
    if left is None and right is None:
        return None
    joined = dict(left or {})
    for unit, power in (right or {}).items():
        joined[unit] = joined.get(unit, 0) + sign * power
    return {unit: power for unit, power in joined.items() if power}


def unit_text(units: Mapping[str, int]) -> str:
    """As it is read: CNY/pieces."""
    above = [unit for unit, power in sorted(units.items()) for _once in range(power)]
    below = [unit for unit, power in sorted(units.items()) for _once in range(-power)]
    return "·".join(above or ["1"]) + "".join(f"/{unit}" for unit in below) if above or below else "1"


def renamed(text: str, old: str, new: str) -> str:
    """The formula with another key for a metric."""
    pieces, place = [], 0
    while found := _TOKEN.match(text, place):
        kind = found.lastgroup or ""
        word = found.group(kind)
        start, end = found.span(kind)
        pieces.append(text[place:start] + (new if kind in {"name", "quoted"} and word == old else word))
        place = end
        if kind == "quoted":
            pieces.append("]")
            place += 1
    return "".join(pieces) + text[place:]
