"""Verbs of processes."""

from processes.services.drawings import (
    NO_DRAWING,
    StaleDrawing,
    as_drawn,
    document_of,
    draw_process,
    drawing_of_steps,
    mark_of,
    newest_of,
    restore_drawing,
    save_drawing,
    save_steps,
    sentence,
    shaped,
    tidied,
)
from processes.services.drawn import Drawn, Told, drawn, hand_overs, told_changes
from processes.services.logs import LOGS, append_rows, delete_log, store_log, take_events
from processes.services.measuring import (
    attributes_of,
    list_cases,
    list_variants,
    measure_facts,
    measure_look,
    measure_map,
    read_case,
    read_rows,
    remembered,
    worktime_of,
)
from processes.services.notes import remark_on_step, settle_remark
from processes.services.predictions import (
    backtest_of,
    choices_of,
    finish_simulation,
    order_simulation,
    simulate,
    volume_of,
    why_refused,
)
from processes.services.processes import change_process, create_process, delete_process, restore_process
from processes.services.trades import begin_with, trades
from processes.services.whys import answer_why, judge_why, remark_on_why, remove_why

__all__ = [
    "LOGS", "NO_DRAWING", "Drawn", "StaleDrawing", "Told", "answer_why", "append_rows", "as_drawn",
    "attributes_of", "backtest_of", "begin_with", "change_process", "choices_of", "create_process",
    "delete_log", "delete_process", "document_of", "draw_process", "drawing_of_steps", "drawn",
    "finish_simulation", "hand_overs", "judge_why", "list_cases", "list_variants", "mark_of", "measure_facts",
    "measure_look", "measure_map", "newest_of", "order_simulation", "read_case", "read_rows", "remark_on_step",
    "remark_on_why", "remembered", "remove_why", "restore_drawing", "restore_process", "save_drawing",
    "save_steps", "sentence", "settle_remark", "shaped", "simulate", "store_log", "take_events", "tidied",
    "told_changes", "trades", "volume_of", "why_refused", "worktime_of",
]  # fmt: skip
