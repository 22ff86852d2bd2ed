"""Money: exact amounts, each with its currency, and the rates between currencies on a day.

Amounts are ``Decimal`` and never floats. Two currencies are never added: they are converted first, on a day.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, total_ordering
from typing import Any, Final, Self

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import format_currency
from django.utils.translation import get_language

# How many digits follow the point, where it isn't two. Source: ISO 4217 list one, amendment 176 (2024). CLDR, and so
# Babel, gives fewer for some (IQD, AFN), because nobody pays with such coins; books still keep them.
_EXPONENTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    "CLF": 4,
    "UYW": 4,
}


class MoneyError(ValueError):
    """An amount or a currency that makes no sense."""


class UnknownCurrency(MoneyError):
    """A code that ISO 4217 doesn't have."""


class CurrencyMismatch(MoneyError):
    """Two currencies were added or compared without a rate."""


class NoRate(MoneyError):
    """No rate leads from one currency to the other on or before that day."""

    def __init__(self, source: str, target: str, on: date) -> None:
        self.source, self.target, self.on = source, target, on
        super().__init__(f"no rate from {source} to {target} on {on}")


@lru_cache(maxsize=1)
def known_currencies() -> frozenset[str]:
    """Every ISO 4217 code that Babel has a name for, past ones included: old ledgers hold them."""
    return frozenset(get_global("all_currencies"))


def is_currency(code: str) -> bool:
    """Whether a code is one of ISO 4217, in capitals."""
    return code in known_currencies()


def exponent(currency: str) -> int:
    """How many digits follow the decimal point: 2 for CNY, 0 for JPY, 3 for KWD. Raises ``UnknownCurrency``."""
    if not is_currency(currency):
        raise UnknownCurrency(currency)
    return _EXPONENTS.get(currency, 2)


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """An amount in a currency. Sums keep all digits; ``rounded()`` gives what can be paid."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        given: object = self.amount
        if isinstance(given, float):
            raise MoneyError("an amount is a Decimal, not a float: 0.1 is not a tenth")
        if not isinstance(given, Decimal):
            object.__setattr__(self, "amount", _decimal(given))
        if not self.amount.is_finite():
            raise MoneyError(f"not an amount: {self.amount}")
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other).amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        if not isinstance(factor, Decimal | int):
            raise MoneyError("money is multiplied by a Decimal or a whole number")
        return Money(self.amount * factor, self.currency)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Decimal | int) -> "Money":
        if not isinstance(divisor, Decimal | int):
            raise MoneyError("money is divided by a Decimal or a whole number")
        return Money(self.amount / divisor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.amount), self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other).amount

    def __str__(self) -> str:
        return format_money(self)

    def _same(self, other: "Money") -> "Money":
        if not isinstance(other, Money) or other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {getattr(other, 'currency', other)!s}")
        return other

    def rounded(self) -> "Money":
        """To the smallest coin, halves away from zero, as invoices do."""
        return Money(self.amount.quantize(Decimal(1).scaleb(-exponent(self.currency)), ROUND_HALF_UP), self.currency)

    def shared(self, weights: Sequence[Decimal | int]) -> "list[Money]":
        """The rounded amount in parts by weight, to the smallest coin; together they are exactly the amount.

        The coins left over by rounding down go to the largest remainders, the first of equals first.
        """
        whole = sum((Decimal(weight) for weight in weights), Decimal(0))
        if not weights or whole <= 0 or any(weight < 0 for weight in weights):
            raise MoneyError("weights must not be negative and must not all be zero")
        total, coin = self.rounded().amount, Decimal(1).scaleb(-exponent(self.currency))
        exact = [abs(total) * Decimal(weight) / whole for weight in weights]
        parts = [part.quantize(coin, ROUND_DOWN) for part in exact]
        left = int((abs(total) - sum(parts, Decimal(0))) / coin)
        order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
        for place in order[:left]:
            parts[place] += coin
        sign = -1 if total < 0 else 1
        return [Money(sign * part, self.currency) for part in parts]

    def as_json(self) -> dict[str, str]:
        """``{"amount": "12.50", "currency": "CNY"}``, with at least the currency's digits."""
        digits = exponent(self.currency)
        amount = self.rounded().amount if -self._places() <= digits else self.amount
        return {"amount": f"{amount:f}", "currency": self.currency}

    def _places(self) -> int:
        place = self.amount.as_tuple().exponent
        return place if isinstance(place, int) else 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What ``as_json`` wrote. Raises ``MoneyError``."""
        try:
            amount, currency = value["amount"], value["currency"]
        except (KeyError, TypeError) as error:
            raise MoneyError("money needs an amount and a currency") from error
        if isinstance(amount, float) or not isinstance(currency, str):
            raise MoneyError("an amount is written as a text, such as “12.50”")
        return cls(_decimal(amount), currency)


@dataclass(frozen=True, slots=True)
class Rate:
    """From ``on`` until the next rate, one ``source`` is ``rate`` times one ``target``."""

    on: date
    source: str
    target: str
    rate: Decimal

    def __post_init__(self) -> None:
        if not self.rate.is_finite() or self.rate <= 0:
            raise MoneyError("a rate is greater than zero")
        exponent(self.source)
        exponent(self.target)


class Rates:
    """Dated rates. The one that counts on a day is the last on or before it; a rate also serves the way back.

    Where no rate joins two currencies directly, one that both have a rate with does (the newest pair of rates wins).
    """

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        self._by_pair: dict[tuple[str, str], list[tuple[date, Decimal]]] = defaultdict(list)
        for rate in sorted(rates, key=lambda rate: rate.on):
            self._by_pair[rate.source, rate.target].append((rate.on, rate.rate))

    def days(self) -> list[date]:
        """The days on which a rate changes, in order."""
        return sorted({day for dated in self._by_pair.values() for day, _rate in dated})

    def rate(self, source: str, target: str, on: date) -> Decimal:
        """How many ``target`` one ``source`` is on a day. Raises ``NoRate``."""
        if source == target:
            return Decimal(1)
        direct = self._direct(source, target, on)
        if direct is not None:
            return direct[1]
        best: tuple[date, Decimal] | None = None
        for middle in sorted({currency for pair in self._by_pair for currency in pair} - {source, target}):
            first, second = self._direct(source, middle, on), self._direct(middle, target, on)
            if first is None or second is None:
                continue
            oldest = min(first[0], second[0])
            if best is None or oldest > best[0]:
                best = (oldest, first[1] * second[1])
        if best is None:
            raise NoRate(source, target, on)
        return best[1]

    def convert(self, money: Money, to: str, on: date) -> Money:
        """The same value in another currency on a day, not rounded. Raises ``NoRate``."""
        return Money(money.amount * self.rate(money.currency, to, on), to)

    def _direct(self, source: str, target: str, on: date) -> tuple[date, Decimal] | None:
        there, back = self._last(source, target, on), self._last(target, source, on)
        if back is not None and (there is None or back[0] > there[0]):
            return back[0], 1 / back[1]
        return there

    def _last(self, source: str, target: str, on: date) -> tuple[date, Decimal] | None:
        dated = self._by_pair.get((source, target), [])
        place = bisect_right(dated, on, key=lambda entry: entry[0])
        return dated[place - 1] if place else None


def total(moneys: Iterable[Money], currency: str, *, rates: Rates | None = None, on: date | None = None) -> Money:
    """The sum in one currency; other currencies need ``rates`` and the day, or raise ``CurrencyMismatch``."""
    whole = Money(Decimal(0), currency)
    for money in moneys:
        if money.currency != currency:
            if rates is None or on is None:
                raise CurrencyMismatch(f"{money.currency} and {currency}")
            money = rates.convert(money, currency, on)
        whole += money
    return whole


def format_money(money: Money, language: str | None = None) -> str:
    """Money as the language writes it: ``¥1,234.50``, ``1.234,50 €``. ``language`` None means the active one."""
    return str(format_currency(money.amount, money.currency, locale=locale_of(language)))


def currency_name(currency: str, language: str | None = None) -> str:
    """``Chinese Yuan`` · ``人民币``; the code itself where the language has no word."""
    return str(locale_of(language).currencies.get(currency, currency))


def locale_of(language: str | None = None) -> Locale:
    """Babel's locale for a language code of Django's (``zh-hans``), or for the active language; English if unknown."""
    code = language or get_language() or "en"
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value).strip())
    except InvalidOperation as error:
        raise MoneyError(f"not an amount: {str(value)[:40]!r}") from error
