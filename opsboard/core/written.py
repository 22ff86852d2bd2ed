"""Numbers, days, moments and money as the reader writes them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation, localcontext
from functools import lru_cache
from typing import Any

from babel import dates, numbers, units
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

_LOCALES = {"en": "en", "zh-hans": "zh_Hans_CN"}


def _locale() -> str:
    return _LOCALES.get(get_language() or "en", "en")


def _decimal(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() else None


def number(value: Any, digits: Any = None) -> str:
    """1234.5 → 1,234.5; with digits exactly so many; nothing becomes a dash."""
    found = _decimal(value)
    if found is None:
        return "–"
    if digits is None:
        size = abs(found)
        pattern = "#,##0" if size >= 1000 else "#,##0.#" if size >= 100 else "#,##0.##" if size >= 1 else "#,##0.####"
    else:
        pattern = "#,##0" + ("." + "0" * int(digits) if int(digits) else "")
    return _written(found or Decimal(0), pattern, _locale())


@lru_cache(maxsize=8192)
def _written(value: Decimal, pattern: str, locale: str) -> str:
    """The same few numbers stand on pages again and again."""
    spell = numbers.format_percent if pattern.endswith("%") else numbers.format_decimal
    with localcontext(prec=400):  # the sums of large numbers have more digits than the usual 28
        return str(spell(value, format=pattern, locale=locale)).replace("-", "−")


def change(value: Any, digits: Any = None) -> str:
    """A difference with its sign: +46, −11.8."""
    found = _decimal(value)
    return "–" if found is None else ("+" if found > 0 else "") + number(found, digits)


def percent(value: Any, digits: Any = 1) -> str:
    """A rate of 0…1 as 12.5%."""
    found = _decimal(value)
    if found is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * int(digits) if int(digits) else "") + "%"
    return _written(found or Decimal(0), pattern, _locale())


def money(value: Any, currency: str = "") -> str:
    """An amount in its currency: `{{ item.spend|money:"CNY" }}`, or anything that has `amount` and `currency`."""
    code = str(getattr(value, "currency", "") or currency)
    found = _decimal(getattr(value, "amount", value))
    if found is None:
        return "–"
    if not code:
        return number(found, 2)
    with localcontext(prec=400):
        return numbers.format_currency(found, code, locale=_locale()).replace("-", "−")


def _local(value: Any) -> date | datetime | None:
    if isinstance(value, datetime):
        return timezone.localtime(value) if timezone.is_aware(value) else value
    return value if isinstance(value, date) else None


def day(value: Any) -> str:
    """A day: 24 Nov 2026 (the year is left out in the present year)."""
    found = _local(value)
    if found is None:
        return "–"
    there = found.date() if isinstance(found, datetime) else found
    return _day(there, there.year == timezone.localdate().year, _locale())


@lru_cache(maxsize=2048)
def _day(there: date, this_year: bool, locale: str) -> str:
    if locale == "en":
        return str(dates.format_date(there, "d MMM" if this_year else "d MMM y", locale="en"))
    return str(dates.format_date(there, "M月d日" if this_year else "y年M月d日", locale=locale))


def moment(value: Any) -> SafeString | str:
    """A moment in the reader's zone, as <time> with the exact moment in it."""
    found = _local(value)
    if not isinstance(found, datetime):
        return day(found)
    return format_html('<time datetime="{}">{} {}</time>', found.isoformat(), day(found), f"{found:%H:%M}")


def ago(value: Any) -> SafeString | str:
    """How long ago in words (5 minutes ago), as <time> with the exact moment as its tooltip."""
    found = _local(value)
    if not isinstance(found, datetime):
        return day(found)
    words = dates.format_timedelta(found - timezone.now(), add_direction=True, locale=_locale())
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>', found.isoformat(), day(found), f"{found:%H:%M}", words
    )


def duration(value: Any) -> str:
    """Seconds in the two units that matter: 3 min 20 s, 2 h 5 min, 4 d 3 h."""
    seconds = value.total_seconds() if hasattr(value, "total_seconds") else _decimal(value)
    if seconds is None:
        return "–"
    rest = round(float(seconds))
    said: list[str] = []
    if rest < 0:
        return "−" + duration(-rest)
    for size, unit in (
        (86400, "duration-day"),
        (3600, "duration-hour"),
        (60, "duration-minute"),
        (1, "duration-second"),
    ):
        if rest >= size and len(said) < 2:
            said.append(_in_units(rest // size, unit))
            rest %= size
        elif said:
            break
    return " ".join(said) or _in_units(0, "duration-second")


def _in_units(count: int, unit: str) -> str:
    return str(units.format_unit(count, unit, length="short", locale=_locale()))
