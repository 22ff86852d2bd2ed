"""The beat: sends workers to what the apps' contracts have scheduled.

Celery's own keeps what it did in a small database file, which can be locked or broken at a start. Nothing here needs that
memory: every scheduled task looks in Postgres what is due. So the table stays in memory, and a file's time shows that it
beats.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.beat import Scheduler

SOON = timedelta(minutes=1)


class Beat(Scheduler):
    """The beat table in memory. What runs seldom runs a minute after the start, since nobody knows when it last did."""

    sync_every = 60  # seconds between two signs of life

    def __init__(self, *args: Any, schedule_filename: str = "", **more: Any) -> None:
        self.sign = Path(schedule_filename) if schedule_filename else None
        super().__init__(*args, **more)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            every = getattr(entry.schedule, "run_every", None)
            if every is not None and every > SOON:
                entry.last_run_at = entry.default_now() - every + SOON

    def sync(self) -> None:
        if self.sign is not None:
            self.sign.touch()
