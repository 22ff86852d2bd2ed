"""Numbers as people and programs write them: ``1,234.50``, ``1.234,50``, ``12.5 %``, ``￥１，２３４``, ``(250)``, ``1.2万``."""

import re
import unicodedata
from typing import Final, Literal

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import BLANK, NOT_A_NUMBER, NOT_FINITE, Complaint, Complaints, Unreadable

type Decimal = Literal[".", ","]

BLANK_WORDS: Final = frozenset({"", "na", "n/a", "#n/a", "null", "none", "-", "--", "–", "—", "无", "空"})
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity|∞)|#div/0!|#num!|#value!|#ref!|#name\?", re.IGNORECASE)
_CURRENCY: Final = re.compile(
    r"(?:(?<![a-z])(?:cny|rmb|usd|eur|gbp|jpy|hkd|chf|krw|inr|us\$|hk\$|nt\$)(?![a-z])|[¥$€£₩₹元圆])", re.IGNORECASE
)
_SPACES: Final = re.compile(r"[\s'’_]")
_TEN_THOUSANDS: Final = {"万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8}
# Groups of three, or the Indian way (12,34,567): the last group always has three digits.
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?", re.ASCII)
_PLAIN: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def is_blank(text: str) -> bool:
    """Whether a cell holds nothing, or a word that people write for nothing (``NA``, ``-``, ``无``)."""
    return text.strip().lower() in BLANK_WORDS


def parse_number(text: str, decimal: Decimal = ".") -> float | None:
    """The number in a cell, or None where the cell is blank. Anything else raises ``Unreadable``.

    Full-width digits count as digits, spaces and apostrophes between digits as nothing, ``,`` as the thousands
    separator where ``.`` is the decimal mark (and the other way round), ``12 %`` as 0.12, a number in brackets as
    negative, 万 and 亿 as ten thousand and a hundred million; a currency sign is left out.
    """
    if is_blank(text):
        return None
    clean = unicodedata.normalize("NFKC", text).strip().replace("−", "-").replace("、", ",")
    if _NOT_FINITE.fullmatch(clean):
        raise Unreadable(NOT_FINITE, value=shorten(text))
    clean, factor, sign = _CURRENCY.sub("", clean).strip(), 1.0, 1.0
    if clean.startswith("(") and clean.endswith(")"):
        clean, sign = clean[1:-1].strip(), -1.0
    if clean[:1] in {"+", "-"}:
        sign *= -1.0 if clean[0] == "-" else 1.0
        clean = clean[1:].strip()
    if clean.endswith("%"):
        clean, factor = clean[:-1], 0.01
    elif clean.endswith("‰"):
        clean, factor = clean[:-1], 0.001
    elif clean[-1:] in _TEN_THOUSANDS:
        clean, factor = clean[:-1], _TEN_THOUSANDS[clean[-1]]
    clean = _SPACES.sub("", clean)
    if decimal == ",":
        clean = clean.translate(str.maketrans(",.", ".,"))
    if _GROUPED.fullmatch(clean):
        clean = clean.replace(",", "")
    elif not _PLAIN.fullmatch(clean):
        raise Unreadable(NOT_A_NUMBER, value=shorten(text))
    # Percent by division: 12.5 / 100 is 0.125, while 12.5 * 0.01 need not be.
    number = float(clean)
    number = sign * (number / round(1 / factor) if factor < 1 else number * factor)
    if number in {float("inf"), float("-inf")}:
        raise Unreadable(NOT_FINITE, value=shorten(text))
    return number


def guess_decimal(texts: "list[str]", delimiter: str | None = None) -> tuple[Decimal, bool]:
    """The decimal mark of some cells and whether that is sure.

    ``1,5`` and ``1.234,5`` say comma, ``1.5`` and ``1,234.5`` say point. ``1,234`` alone says nothing: then a file whose
    cells are divided by semicolons is taken to use the comma, any other the point, and it isn't sure.
    """
    comma = point = unclear = 0
    for text in texts:
        clean = _SPACES.sub("", _CURRENCY.sub("", unicodedata.normalize("NFKC", text))).strip("()+-−%")
        if not re.fullmatch(r"[\d.,]*\d[\d.,]*", clean, re.ASCII):
            continue
        last_comma, last_point = clean.rfind(","), clean.rfind(".")
        if last_comma >= 0 and last_point >= 0:
            comma, point = (comma + 1, point) if last_comma > last_point else (comma, point + 1)
        elif clean.count(",") > 1:
            point += 1
        elif clean.count(".") > 1:
            comma += 1
        elif last_comma >= 0:
            grouped = re.fullmatch(r"[1-9]\d{0,2},\d{3}", clean, re.ASCII)
            comma, unclear = (comma, unclear + 1) if grouped else (comma + 1, unclear)
        elif last_point >= 0:
            grouped = re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", clean, re.ASCII)
            point, unclear = (point, unclear + 1) if grouped else (point + 1, unclear)
    if comma != point:
        return ("," if comma > point else "."), True
    if unclear and delimiter == ";":
        return ",", False
    return ".", not unclear and not comma


def read_numbers(
    texts: "pl.Series",
    *,
    decimal: Decimal,
    native: "pl.Series | None",
    rows: "pl.Series",
    column: str,
    complaints: Complaints,
) -> "tuple[pl.Series, pl.Series]":
    """(values as Float64 with null for blank and refused cells, Boolean: the cell was blank).

    ``native`` holds numbers that the file itself stored as numbers (XLSX); they are taken as they are. What the fast
    cast refuses goes through ``parse_number``, once for each different text.
    """
    clean = texts.str.strip_chars()
    if decimal == ".":
        values = clean.cast(pl.Float64, strict=False)
    else:
        values = (
            pl.select(pl.when(~clean.str.contains(".", literal=True)).then(clean.str.replace(",", ".", literal=True)))
            .to_series()
            .cast(pl.Float64, strict=False)
        )
    values = values.set(~values.is_finite(), None)
    if native is not None:
        values = pl.select(pl.coalesce(native, values)).to_series()
        values = values.set(~values.is_finite(), None)
    blank = pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)
    values = _read_grouped(clean, values, decimal)
    rest = values.is_null().arg_true()
    if not len(rest):
        return values, blank
    pending = clean.gather(rest)
    found: dict[str, float] = {}
    refused: dict[str, Unreadable] = {}
    blanks: set[str] = set()
    for text in pending.unique().to_list():
        try:
            number = parse_number(text, decimal)
        except Unreadable as error:
            refused[text] = error
            continue
        if number is None:
            blanks.add(text)
        else:
            found[text] = number
    if found:
        known = pl.DataFrame({"text": list(found), "value": list(found.values())}, schema_overrides={"text": pl.String})
        joined = pl.DataFrame({"i": rest, "text": pending}).join(known, on="text", how="inner")
        values = values.scatter(joined["i"], joined["value"])
    if blanks:
        blank = blank.scatter(rest.filter(pending.is_in(sorted(blanks))), True)
    _complain(pending, rest, refused, rows, column, complaints)
    return values, blank


def _read_grouped(clean: "pl.Series", values: "pl.Series", decimal: Decimal) -> "pl.Series":
    """Fill in ``1,234.50``: a ledger may have a million different ones, too many to read one by one."""
    rest = values.is_null().arg_true()
    mark, point = (",", r"\.") if decimal == "." else (r"\.", ",")
    pending = clean.gather(rest)
    grouped = pending.str.contains(rf"^[+-]?[0-9]{{1,3}}({mark}[0-9]{{3}})+({point}[0-9]+)?$")
    if not grouped.any():
        return values
    plain = pending.filter(grouped).str.replace_all("." if decimal == "," else ",", "", literal=True)
    if decimal == ",":
        plain = plain.str.replace(",", ".", literal=True)
    return values.scatter(rest.filter(grouped), plain.cast(pl.Float64))


def _complain(
    pending: "pl.Series",
    rest: "pl.Series",
    refused: dict[str, Unreadable],
    rows: "pl.Series",
    column: str,
    complaints: Complaints,
) -> None:
    if not refused:
        return
    wrong = pl.DataFrame({"i": rest, "text": pending}).filter(pending.is_in(sorted(refused)))
    shown = wrong.head(complaints.room)
    for index, text in shown.iter_rows():
        error = refused[text]
        complaints.add(Complaint(int(rows[index]), column, error.text, error.values))
    complaints.add_uncounted(len(wrong) - len(shown))


def complain_of_blanks(blank: "pl.Series", rows: "pl.Series", column: str, complaints: Complaints) -> None:
    """One complaint for each True in ``blank``."""
    wrong = rows.filter(blank)
    shown = wrong.head(complaints.room)
    for row in shown:
        complaints.add(Complaint(int(row), column, BLANK))
    complaints.add_uncounted(len(wrong) - len(shown))


def shorten(text: str, length: int = 40) -> str:
    """A cell's text as a complaint quotes it: on one line and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
