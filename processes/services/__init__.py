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
    worktime_of,
)
from processes.services.processes import change_process, create_process, delete_process, restore_process

__all__ = [
    "LOGS", "append_rows", "attributes_of", "change_process", "create_process", "delete_log", "delete_process",
    "list_cases", "list_variants", "measure_facts", "measure_map", "read_case", "read_rows", "restore_process",
    "store_log", "take_events", "worktime_of",
]  # fmt: skip
