"""Numbers as people type them: decimal commas, per cent, full-width digits; and sentences for what is none."""

from __future__ import annotations

import pytest
from django import forms
from django.core.exceptions import ValidationError

from opsboard.core.forms import NumberField, ShareField


@pytest.mark.parametrize(
    ("typed", "unit", "kept"),
    [
        ("5,5", "", 5.5), ("0,5", "h", 0.5), ("1,234.5", "", 1234.5), ("1.234,5", "", 1234.5), ("1,234", "", 1234.0),
        ("１２．５", "", 12.5), (" 2 h ", "h", 2.0), ("50 %", "%", 50.0), ("１２％", "%", 12.0), ("−3", "", -3.0), ("1.2万", "", 12_000.0),
        ("", "", None), ("1e3", "", 1000.0),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(typed: str, unit: str, kept: float | None) -> None:
    field = NumberField(required=False)
    field.unit = unit
    assert field.clean(typed) == kept


@pytest.mark.parametrize(
    ("typed", "unit", "said"),
    [
        ("nan", "", "“nan” is not a number that can be counted with."), ("1e309", "%", "“1e309” is not a number that can be counted with."),
        ("viele", "", "“viele” is not a number."), ("1\x00", "", "is not a number."), ("9" * 10_000, "", "not a number that can be"),
        ("5 %", "h", "This is typed in h, not in per cent."), ("<b>1</b>", "", "“<b>1</b>” is not a number."), ("1,2,3", "", "is not a number"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_told_in_a_sentence(typed: str, unit: str, said: str) -> None:
    field = NumberField()
    field.unit = unit
    with pytest.raises(ValidationError) as refusal:
        field.clean(typed)
    assert said in refusal.value.messages[0]
    assert len(refusal.value.messages[0]) < 200


def test_a_share_is_typed_in_per_cent_shown_so_again_and_kept_as_nought_to_one() -> None:
    class Form(forms.Form):
        goal = ShareField(min_value=0, max_value=100)

    for typed, kept in (("12", 0.12), ("0,5 %", 0.005), ("７%", 0.07)):
        form = Form({"goal": typed})
        assert form.is_valid(), form.errors
        assert form.cleaned_data["goal"] == kept
    shown = str(Form(initial={"goal": 0.07})["goal"])
    assert 'value="7"' in shown
    assert '<span class="unit">%</span>' in shown
    assert not Form({"goal": "101"}).is_valid()
    wrong = Form({"goal": "many"})
    assert 'value="many"' in str(wrong["goal"])  # what was typed stays
