from datetime import date
from decimal import Decimal

import pytest

from opsboard.core.money import (
    CurrencyMismatch,
    Money,
    MoneyError,
    NoRate,
    Rate,
    Rates,
    UnknownCurrency,
    currency_name,
    exponent,
    format_money,
    is_currency,
    total,
)


def yuan(amount: str) -> Money:
    return Money(Decimal(amount), "CNY")


def test_money_of_one_currency_adds_up_exactly() -> None:
    assert yuan("0.10") + yuan("0.20") == yuan("0.30")
    assert yuan("5") - yuan("7") == yuan("-2")
    assert yuan("10") * 3 / 4 == yuan("7.5")
    assert max(yuan("1"), yuan("2")) == yuan("2")
    assert yuan("1.5") == yuan("1.50")
    assert hash(yuan("1.5")) == hash(yuan("1.50"))


def test_two_currencies_are_never_added_or_compared() -> None:
    with pytest.raises(CurrencyMismatch):
        yuan("1") + Money(Decimal(1), "USD")
    with pytest.raises(CurrencyMismatch):
        assert yuan("1") < Money(Decimal(1), "USD")
    assert yuan("1") != Money(Decimal(1), "USD")


def test_floats_are_refused() -> None:
    with pytest.raises(MoneyError):
        Money(0.1, "CNY")  # type: ignore[arg-type]
    with pytest.raises(MoneyError):
        yuan("1") * 0.1  # type: ignore[operator]
    with pytest.raises(MoneyError):
        Money(Decimal("NaN"), "CNY")


@pytest.mark.parametrize(
    ("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("CLF", 4), ("KRW", 0), ("EUR", 2)]
)
def test_each_currency_has_its_smallest_coin(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["XYZ1", "cny", "", "ABC"])
def test_a_currency_that_is_none_is_refused(code: str) -> None:
    assert not is_currency(code)
    with pytest.raises(UnknownCurrency):
        Money(Decimal(1), code)


def test_halves_are_rounded_away_from_zero() -> None:
    assert yuan("2.345").rounded() == yuan("2.35")
    assert yuan("-2.345").rounded() == yuan("-2.35")
    assert Money(Decimal("2.5"), "JPY").rounded() == Money(Decimal(3), "JPY")


def test_shares_lose_no_coin() -> None:
    assert yuan("100").shared([1, 1, 1]) == [yuan("33.34"), yuan("33.33"), yuan("33.33")]
    parts = yuan("-0.05").shared([3, 3, 1])
    assert total(parts, "CNY") == yuan("-0.05")
    assert Money(Decimal(10), "JPY").shared([1, 2]) == [Money(Decimal(3), "JPY"), Money(Decimal(7), "JPY")]
    with pytest.raises(MoneyError):
        yuan("1").shared([0, 0])


RATES = Rates(
    [
        Rate(date(2026, 1, 1), "USD", "CNY", Decimal("7.20")),
        Rate(date(2026, 6, 1), "USD", "CNY", Decimal("7.00")),
        Rate(date(2026, 1, 1), "EUR", "CNY", Decimal("7.70")),
    ]
)


def test_the_last_rate_on_or_before_the_day_counts() -> None:
    dollar = Money(Decimal(10), "USD")
    assert RATES.convert(dollar, "CNY", date(2026, 5, 31)) == yuan("72")
    assert RATES.convert(dollar, "CNY", date(2026, 6, 1)) == yuan("70")


def test_a_rate_serves_the_way_back_and_over_a_third_currency() -> None:
    assert RATES.convert(yuan("70"), "USD", date(2026, 7, 1)).rounded() == Money(Decimal("10.00"), "USD")
    assert RATES.convert(Money(Decimal(10), "EUR"), "USD", date(2026, 7, 1)).rounded() == Money(Decimal("11.00"), "USD")


def test_no_rate_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(NoRate):
        RATES.convert(Money(Decimal(1), "USD"), "CNY", date(2025, 12, 31))
    with pytest.raises(NoRate):
        RATES.convert(Money(Decimal(1), "GBP"), "CNY", date(2026, 7, 1))
    with pytest.raises(MoneyError):
        Rate(date(2026, 1, 1), "USD", "CNY", Decimal(0))


def test_a_total_converts_on_a_day() -> None:
    moneys = [yuan("30"), Money(Decimal(10), "USD")]
    assert total(moneys, "CNY", rates=RATES, on=date(2026, 7, 1)) == yuan("100")
    with pytest.raises(CurrencyMismatch):
        total(moneys, "CNY")


def test_money_travels_as_json() -> None:
    assert yuan("12.5").as_json() == {"amount": "12.50", "currency": "CNY"}
    assert yuan("12.345").as_json() == {"amount": "12.345", "currency": "CNY"}
    assert Money(Decimal("1E+3"), "JPY").as_json() == {"amount": "1000", "currency": "JPY"}
    assert Money.from_json({"amount": "12.50", "currency": "CNY"}) == yuan("12.5")


@pytest.mark.parametrize(
    "value", [{}, {"amount": 1.5, "currency": "CNY"}, {"amount": "x", "currency": "CNY"}, {"amount": "1"}, None]
)
def test_json_that_is_no_money_is_refused(value: object) -> None:
    with pytest.raises(MoneyError):
        Money.from_json(value)  # type: ignore[arg-type]


def test_money_is_written_as_the_language_writes_it() -> None:
    assert format_money(yuan("1234.5"), "zh-hans") == "¥1,234.50"
    assert format_money(Money(Decimal("1234.5"), "EUR"), "en") == "€1,234.50"
    assert format_money(Money(Decimal("1234.5"), "EUR"), "de") == "1.234,50\xa0€"
    assert format_money(Money(Decimal(1234), "JPY"), "en") == "¥1,234"
    assert currency_name("CNY", "zh-hans") == "人民币"
