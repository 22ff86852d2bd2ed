"""Processes that are born ready: forked from one that has loaded Opsboard already, not started from nothing each time.

What is forked is a process like any other, in a session of its own, with the settings that its test gives it; only the
three seconds of importing are spared. `tests.cradle` is the program that they are forked from.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


@cache
def _cradle() -> subprocess.Popen[bytes]:
    there = connection.settings_dict
    server = f"postgres://{quote(there['USER'])}:{quote(there['PASSWORD'])}@{there['HOST']}:{there['PORT']}"
    told = {"DATABASE_URL": f"{server}/{there['NAME']}", "REDIS_URL": settings.REDIS_URL, "OPSBOARD_ROLE": "worker"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cradle"],
        cwd=ROOT,
        env=os.environ | told,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


class Process:
    """`python -m …` on the test's database, under these settings; what it says is written into a file.

    It is no child of ours, so we ask whether it is there, and cannot wait for it.
    """

    def __init__(self, *command: str, log: Path, environment: Mapping[str, str] | None = None, **more: Any) -> None:
        cradle, self.log = _cradle(), log
        wish = {"command": command, "log": str(log), "environment": {**(environment or {})}, "settings": more}
        assert cradle.stdin
        assert cradle.stdout
        cradle.stdin.write(json.dumps(wish).encode() + b"\n")
        cradle.stdin.flush()
        self.pid = int(cradle.stdout.readline())

    def runs(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def ends(self, within: float = 20) -> bool:
        end = time.monotonic() + within
        while self.runs() and time.monotonic() < end:
            time.sleep(0.01)
        return not self.runs()

    def end(self) -> None:
        """It is asked to end, and killed if it does not."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        if not self.ends():
            self.kill()

    def kill(self) -> None:
        """kill -9 of it and all its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self.ends()

    @property
    def words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]
