"""Lists of steps as tables: CSV and XLSX in, CSV out."""

from __future__ import annotations

import unicodedata
from typing import Final

from django.utils.translation import gettext as _

from opsboard.core.uploads import Limits, Table, read_table
from processes.analysis.bpmn import Step
from processes.services.step_rows import FIELDS, Row, read_rows

LIMITS: Final = Limits(max_bytes=20_000_000, max_rows=1000, max_columns=60, max_cell=2000)
# What tools and people call the columns, in the order of how sure the word is.
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("step", "step name", "activity", "task", "name", "环节", "环节名称", "步骤", "活动", "任务", "名称", "text area 1"),
    "role": ("role", "lane", "swimlane", "responsible", "who", "owner", "actor", "department", "角色", "泳道", "负责人", "岗位", "部门"),
    "working": ("working time", "work time", "duration", "processing time", "time", "minutes", "作业时间", "时长", "用时", "耗时", "工时"),
    "waiting": ("waiting before", "waiting time", "waiting", "wait", "delay", "等待时间", "等待"),
    "then": ("goes on to", "next", "next step", "then", "followed by", "下一步", "下一环节", "流向"),
    "output": ("output", "result", "document", "输出物", "输出", "产出"),
    "volume": ("times a month", "volume", "volume a month", "count", "frequency", "每月次数", "次数", "数量"),
    "system": ("system", "tool", "software", "application", "系统", "工具"),
    "cost": ("cost a time", "cost", "price", "成本", "单次成本", "费用"),
    "phase": ("phase", "stage", "milestone", "阶段"),
}  # fmt: skip


class NoSteps(ValueError):
    """Why a table holds no list of steps, in a sentence."""


def steps_in(content: bytes, filename: str) -> list[Step]:
    """The steps that a table lists, one a row. Raises `NoSteps` or `UploadError`; nothing is half read."""
    table = read_table(content, filename=filename, limits=LIMITS)
    columns = columns_of(table)
    if "name" not in columns:
        raise NoSteps(
            _("No column looks like the names of steps. Call it “Step” or “环节”. The columns are: %(columns)s.")
            % {"columns": ", ".join(table.headers[:12])}
        )
    if table.complaints:
        raise NoSteps(str(table.complaints[0]))
    lists = {field: table.texts(name).to_list() for field, name in columns.items()}
    rows = read_rows(
        [{field: lists[field][at] if field in lists else "" for field in FIELDS} for at in range(len(table))]
    )
    _refuse(rows, list(table.rows), columns)
    steps = [row.step for row in rows if row.step is not None]
    if not steps:
        raise NoSteps(_("The table holds no step."))
    return steps


def columns_of(table: Table) -> dict[str, str]:
    """The column of each field: by the word that stands at its head."""
    heads = {_plain(name): name for name in reversed(table.names)}
    answer: dict[str, str] = {}
    for field, words in WORDS.items():
        found = next((heads[word] for word in words if word in heads and heads[word] not in answer.values()), None)
        if found is None:
            found = next(
                (
                    name
                    for head, name in heads.items()
                    if name not in answer.values() and any(len(word) > 3 and head.startswith(word) for word in words)
                ),
                None,
            )
        if found is not None:
            answer[field] = found
    return answer


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold().replace("_", " ")


def _refuse(rows: list[Row], places: list[int], columns: dict[str, str]) -> None:
    wrong = [(row, field, sentence) for row in rows for field, sentence in row.errors.items()]
    if not wrong:
        return
    told = [
        _("Row %(row)s, column “%(column)s”: %(message)s")
        % {"row": places[row.number - 1], "column": columns.get(field, field), "message": sentence}
        for row, field, sentence in wrong[:5]
    ]
    raise NoSteps(" ".join(told))
