"""What is to happen after commit, once, however often it was asked for in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from celery import current_app
from django.db import connection, transaction


def after_commit(name: Hashable, call: Callable[[], object]) -> None:
    """Call it after commit; asked again under the same name in the same transaction, it is called once.

    It never fails the change itself. What a rolled-back savepoint asked for does not count.
    """
    here = set(connection.savepoint_ids)
    for entry in connection.run_on_commit:  # (savepoints, what to call, …)
        if getattr(entry[1], "name", None) == name and set(entry[0]) <= here:
            return
    transaction.on_commit(_Named(name, call), robust=True)


def run_task(task: str, *, expires: float = 60) -> None:
    """Send a worker to a task right after commit; the beat table would send one a little later anyway."""
    after_commit(("task", task), lambda: current_app.send_task(task, expires=expires))


class _Named:
    def __init__(self, name: Hashable, call: Callable[[], object]) -> None:
        self.name, self.call = name, call
        self.__qualname__ = f"after_commit({name!r})"

    def __call__(self) -> None:
        self.call()
