"""The program that processes are forked from (see `tests.nursery`): it has loaded Opsboard, and has begun nothing itself.

It reads what to begin, a line each, answers with the new process's number, and ends when nobody writes any more; what
still runs then is killed by the kernel.
"""

import json
import os
import runpy
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings

from opsboard.celery import app
from opsboard.embedded import ends_with_us
from opsboard.settling import settle

ALSO = ("opsboard.urls", "celery.bin.celery", "celery.apps.worker", "celery.apps.beat", "celery.worker.consumer",
        "celery.concurrency.prefork", "celery.concurrency.solo", "kombu.transport.redis")  # fmt: skip


def live(wish: dict[str, Any]) -> None:
    """In the new process: `python -m` what is wished."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with Path(wish["log"]).open("wb") as log, Path(os.devnull).open("rb") as nothing:
        for ours, theirs in enumerate((nothing, log, log)):
            os.dup2(theirs.fileno(), ours)
    os.environ.update(wish["environment"])
    for name, value in wish["settings"].items():
        setattr(settings, name, value)
    sys.argv = wish["command"]
    runpy.run_module(wish["command"][0], run_name="__main__", alter_sys=True)


def main() -> None:
    os.environ["CELERY_SKIP_CHECKS"] = "1"  # whoever is forked checks
    app.loader.import_default_modules()
    del os.environ["CELERY_SKIP_CHECKS"]
    for name in ALSO:
        import_module(name)
    settle()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them, so the kernel takes them away
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bind = ends_with_us(signal.SIGKILL)
    for line in iter(sys.stdin.readline, ""):
        number = os.fork()
        if number == 0:
            bind()
            live(json.loads(line))
            return
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
