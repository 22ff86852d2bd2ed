"""Pages of processes."""

from processes.views.processes import (
    change_process,
    create_process,
    delete_process,
    process,
    process_list,
    restore_process,
)

__all__ = ["change_process", "create_process", "delete_process", "process", "process_list", "restore_process"]
