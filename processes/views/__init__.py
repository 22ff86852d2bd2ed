"""Pages of processes."""

from processes.views.diagram import diagram
from processes.views.drawing_files import begin_with, bpmn, draw_process, import_drawing, step_file
from processes.views.drawings import steps
from processes.views.logs import delete_log, log_list, log_run, new_log
from processes.views.maps import bottlenecks, case, cases, process
from processes.views.notes import remark_on_step, settle_remark
from processes.views.processes import change_process, create_process, delete_process, process_list, restore_process
from processes.views.versions import restore_version, tidy_drawing, versions

__all__ = [
    "begin_with", "bottlenecks", "bpmn", "case", "cases", "change_process", "create_process", "delete_log",
    "delete_process", "diagram", "draw_process", "import_drawing", "log_list", "log_run", "new_log", "process",
    "process_list", "remark_on_step", "restore_process", "restore_version", "settle_remark", "step_file",
    "steps", "tidy_drawing", "versions",
]  # fmt: skip
