"""Pages of processes."""

from processes.views.logs import delete_log, log_run, new_log
from processes.views.maps import bottlenecks, case, cases, process
from processes.views.processes import (
    change_process,
    create_process,
    delete_process,
    process_list,
    restore_process,
)

__all__ = [
    "bottlenecks", "case", "cases", "change_process", "create_process", "delete_log", "delete_process", "log_run",
    "new_log", "process", "process_list", "restore_process",
]  # fmt: skip
