"""What leaves a list as a file: nothing in it runs, and nothing in it breaks the file."""

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.test import Client

from metrics import services
from opsboard.core.lists import plain
from opsboard.core.models import User, Workspace


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1", "\x01=1"])
def test_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert str(plain(text)).startswith("'")


def test_numbers_stay_numbers() -> None:
    assert plain(-1.5) == -1.5
    assert plain(12.9 - 30.1) == -17.2


@pytest.fixture
def metrics(workspace: Workspace, anna: User, now: Any) -> None:
    for name, unit, owner in (("=cmd|'/C calc'!A0", "\x01a", anna), ("Stock", "", None)):
        services.create_metric(workspace=workspace, by=None, now=now, name=name, unit=unit, owner=owner)


def test_a_list_with_formulas_and_control_characters_becomes_a_workbook(
    workspace: Workspace, anna: User, metrics: None, sign_in: Callable[[User], Client]
) -> None:
    answer = sign_in(anna).get("/north-plant/metrics/?export=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [[row[0].value, row[0].data_type] for row in list(sheet.rows)[1:]] == [
        ["'=cmd|'/C calc'!A0", "s"], ["Stock", "s"]
    ]  # fmt: skip
    assert [row[2].value for row in list(sheet.rows)[1:]] == ["a", None]


@pytest.mark.parametrize(("query", "names"), [("sort=owner", ["'=cmd|'/C calc'!A0", "Stock"]), ("q=stock", ["Stock"])])
def test_an_export_is_sorted_and_narrowed_like_the_page(
    workspace: Workspace, anna: User, metrics: None, sign_in: Callable[[User], Client], query: str, names: list[str]
) -> None:
    answer: Any = sign_in(anna).get(f"/north-plant/metrics/?export=csv&{query}")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == names
    assert rows[0][2] == "Unit", "where the page shows its course"
