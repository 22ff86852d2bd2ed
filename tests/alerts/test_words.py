"""Numbers, durations and conditions as people read them."""

import pytest
from django.utils import translation

from opsboard.alerts.models import words


@pytest.mark.parametrize(
    ("value", "how", "text"),
    [
        (7.4, {}, "7.4"), (5.0, {}, "5"), (1234.5678, {"decimals": 1}, "1,234.6"), (0.004, {"decimals": 1}, "0.004"),
        (3, {"unit": "min"}, "3 min"), (7.4, {"unit": "%"}, "7.4%"), (0.8, {"rate": True}, "80%"),
        (0.7421, {"rate": True}, "74.2%"), (0.29, {"rate": True, "decimals": 4}, "29%"), (None, {}, "–"), (-2.5, {}, "-2.5"),
        (0.0, {"decimals": 2}, "0"), (1e15, {}, "1,000,000,000,000,000"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, how: dict[str, object], text: str) -> None:
    assert words.number(value, **how) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (600, "10 min"),
        (3601, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 day"),
        (180000, "2 days 2 h"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize("op", [">", ">=", "<", "<="])
def test_every_condition_reads_differently_in_both_languages(op: str) -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts = {words.condition(op, "5", seconds) for seconds in (0, 600)}
            assert len(texts) == 2
            assert all("5" in text for text in texts)


def test_a_notice_reads_well_in_chinese() -> None:
    with translation.override("zh-hans"):
        assert (
            words.fired("返工率", "", "7.4%", words.condition(">", "5%", 600)) == "返工率为 7.4%，高于 5% 持续 10 分钟"
        )


@pytest.mark.parametrize(("seconds", "split"), [(0, (0, "minutes")), (90, (90, "seconds")), (7200, (2, "hours"))])
def test_a_duration_is_typed_back_in_its_largest_unit(seconds: int, split: tuple[int, str]) -> None:
    assert words.split_duration(seconds) == split
