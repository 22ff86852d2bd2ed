"""Verbs of processes."""

from processes.services.processes import change_process, create_process, delete_process, restore_process

__all__ = ["change_process", "create_process", "delete_process", "restore_process"]
