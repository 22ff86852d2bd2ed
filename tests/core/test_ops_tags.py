"""Numbers, days, money and states as the reader writes them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Engine, Template
from django.utils import timezone, translation

from opsboard.core import written
from opsboard.core.templatetags import ops

plain = Engine(libraries={"i18n": "django.templatetags.i18n"})


def draw(source: str, **context: object) -> str:
    return Template("{% load ops %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234.5, "1,234"), (38.25, "38.25"), (0.12345, "0.1234"), (-11.8, "−11.8"), (0, "0"), (None, "–"), ("x", "–"), (float("nan"), "–")],
)  # fmt: skip
def test_numbers_show_as_many_digits_as_matter(value: object, said: str) -> None:
    assert written.number(value) == said


def test_a_difference_carries_its_sign() -> None:
    assert [written.change(46), written.change(-2, 1), written.change(0)] == ["+46", "−2.0", "0"]


def test_rates_and_money_follow_the_language() -> None:
    assert written.percent(0.8712) == "87.1%"
    with translation.override("zh-hans"):
        assert written.money(Decimal("12500.5"), "CNY") == "¥12,500.50"
        assert written.day(date(2020, 11, 24)) == "2020年11月24日"
    assert written.day(date(2020, 11, 24)) == "24 Nov 2020"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [(0, "0 sec", "0秒"), (200, "3 min 20 sec", "3分钟 20秒"), (7500, "2 hr 5 min", "2小时 5分钟"), (86400, "1 day", "1天"), (-60, "−1 min", "−1分钟")],
)  # fmt: skip
def test_durations_say_the_two_units_that_matter(seconds: int, english: str, chinese: str) -> None:
    assert written.duration(seconds) == written.duration(timedelta(seconds=seconds)) == english
    with translation.override("zh-hans"):
        assert written.duration(seconds) == chinese


def test_moments_stand_in_the_readers_zone_with_the_exact_moment_beside() -> None:
    with timezone.override("Asia/Shanghai"):
        said = written.moment(datetime(2020, 11, 24, 20, 30, tzinfo=UTC))
    assert said == '<time datetime="2020-11-25T04:30:00+08:00">25 Nov 2020 04:30</time>'


def test_a_state_has_its_word_beside_its_colour() -> None:
    assert draw('{% badge "firing" %}') == '<span class="status status-bad">Firing</span>'
    assert (
        draw('{% badge "odd" label=word tone="warn" %}', word="<b>")
        == '<span class="status status-warn">&lt;b&gt;</span>'
    )


def test_icons_are_drawn_and_an_unknown_one_breaks_nothing() -> None:
    assert "<path" in draw('{% icon "bell" %}')
    assert "<circle" in draw('{% icon "no-such-icon" %}')
    assert 'aria-label="Late"' in draw('{% icon "clock" title="Late" %}')


class Short(forms.Form):
    title = forms.CharField(label="Title", help_text="In a few words.")


def test_a_field_is_tied_to_its_help_and_its_error() -> None:
    drawn = draw("{% fields form %}", form=Short({"title": ""}))
    assert 'aria-describedby="id_title_helptext id_title_error"' in drawn
    assert 'id="id_title_error"' in drawn
    assert '<a href="#id_title">Title</a>' in drawn
    assert 'aria-invalid="true"' in drawn


def test_a_page_without_a_heading_has_no_empty_one() -> None:
    assert draw("{% heading %}<header><h1> </h1></header>{% endheading %}") == ""
    assert "Week" in draw("{% heading %}<header><h1>Week</h1></header>{% endheading %}")


def test_very_large_sums_are_written_out() -> None:
    assert written.number(1e22, 8) == "10,000,000,000,000,000,000,000.00000000"
    assert written.percent(1e30, 1).startswith("100,000,000")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari · iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", "–"),
    ],
)  # fmt: skip
def test_a_device_is_named_as_people_say_it(named: str, said: str) -> None:
    assert ops.device(named) == said


@pytest.mark.parametrize(
    ("source", "english", "chinese"),
    [
        ('{% translate "Home" %}', "Home", "首页"),
        ('{% translate "Home" as word %}[{{ word }}]', "[Home]", "[首页]"),
        ('{% translate "Ready" context "leave editing" %}', "Ready", "完成"),
        ('{% translate "Home" noop %}', "Home", "Home"),
        ('{% translate "100 % <sure>" %}', "100 % <sure>", "100 % <sure>"),
        ("{% translate name %}", "Home", "首页"),
        ('{% translate "Home"|upper %}', "HOME", "首页"),
        ('{% translate "Home" context where %}', "Home", "Home"),
    ],
)
def test_a_page_s_words_are_kept_for_each_language_and_are_what_django_says(
    source: str, english: str, chinese: str
) -> None:
    ours, django = Template("{% load i18n %}" + source), plain.from_string("{% load i18n %}" + source)
    for _again in range(2):
        for language, said in (("en", english), ("zh-hans", chinese)):
            with translation.override(language):
                told = Context({"name": "Home", "where": "nowhere"})
                assert ours.render(told) == said == django.render(told)
