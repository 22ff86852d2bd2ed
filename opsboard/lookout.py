"""Under `manage.py up`: look now and then whether alerts are judged, and if they are not, start whoever says so.

It runs in the supervisor, without Django, so that it costs nothing while all is well, and does not fall with a worker.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from opsboard import ending
from opsboard.embedded import ends_with_us

ROOT = Path(__file__).resolve().parent.parent
EVERY = 10.0
AFTERWARDS = 60.0  # seconds until the next look, after somebody was sent to look closely
STARTS_WITHIN = timedelta(seconds=60)  # the time that workers may take to their first tick
# What stands still and was not announced, or is back and was not called off.
WORTH_A_LOOK = """
SELECT EXISTS (
  SELECT 1 FROM (
    SELECT workspace_id, min(created_at) AS born FROM alerts_watch
    WHERE deleted_at IS NULL AND paused_at IS NULL GROUP BY workspace_id
  ) AS watched LEFT JOIN alerts_pulse AS pulse USING (workspace_id)
  WHERE (pulse.silent_since IS NULL AND greatest(coalesce(pulse.tick, born), %s) < now() - interval '30 seconds')
     OR (pulse.silent_since IS NOT NULL AND pulse.tick > now() - interval '30 seconds')
)
"""


class Lookout:
    """`each_second()` is called by the supervisor."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.since = datetime.now(UTC) + STARTS_WITHIN
        self.due = time.monotonic() + EVERY
        self.process: subprocess.Popen[bytes] | None = None

    def each_second(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        self.process = None
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + EVERY
        if self.is_worth_a_look():
            self.due = time.monotonic() + AFTERWARDS
            self.look_closely()

    def is_worth_a_look(self) -> bool:
        with suppress(psycopg.Error):  # a database that is away is seen by others
            with psycopg.connect(self.database_url, connect_timeout=2, options="-c statement_timeout=2000") as link:
                row = link.execute(WORTH_A_LOOK, [self.since]).fetchone()
                return bool(row and row[0])
        return False

    def look_closely(self) -> None:
        command = [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), "watch_evaluator", "--once"]
        with ending.held():
            self.process = subprocess.Popen(
                [*command, "--since", self.since.isoformat()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"OPSBOARD_ROLE": "manage"},
                preexec_fn=ends_with_us(signal.SIGTERM),
            )
