"""Verbs of processes."""

from processes.services.logs import LOGS, append_rows, delete_log, store_log, take_events
from processes.services.measuring import (
    attributes_of,
    list_cases,
    list_variants,
    measure_facts,
    measure_map,
    read_case,
    read_rows,
    remembered,
    worktime_of,
)
from processes.services.processes import change_process, create_process, delete_process, restore_process
from processes.services.whys import answer_why, judge_why, remark_on_why, remove_why

__all__ = [
    "LOGS", "answer_why", "append_rows", "attributes_of", "change_process", "create_process", "delete_log",
    "delete_process", "judge_why", "list_cases", "list_variants", "measure_facts", "measure_map", "read_case", "read_rows",
    "remark_on_why", "remembered", "remove_why", "restore_process", "store_log", "take_events", "worktime_of",
]  # fmt: skip
