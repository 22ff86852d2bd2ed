"""A real Celery worker in a process of its own, on the test's database and broker, that can be killed; and a mail server."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from celery.signals import import_modules
from django.conf import settings
from django.db import connection

from opsboard.celery import app

ROOT = Path(__file__).resolve().parent.parent
PLAYED = "OPSBOARD_TEST_PLAYED"  # modules with an `install()`, which the worker calls before it begins

__all__ = ["MailServer", "app", "until", "worker"]


@import_modules.connect(weak=False)
def install_what_the_test_plays(**kwargs: Any) -> None:
    for name in filter(None, os.environ.get(PLAYED, "").split(",")):
        import_module(name).install()


class Worker:
    """One Celery worker; `kill()` is kill -9 of it and all its children."""

    def __init__(self, *, plays: str = "", mail_port: int = 0, pool: str = "solo") -> None:
        there = connection.settings_dict
        database = f"postgres://{quote(there['USER'])}:{quote(there['PASSWORD'])}@{there['HOST']}:{there['PORT']}"
        settings.VAR.mkdir(parents=True, exist_ok=True)
        self.log = (settings.VAR / f"worker-{time.monotonic_ns()}.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.workers:app", "worker", "--pool", pool, "--concurrency", "1",
             "--without-gossip", "--without-mingle", "--without-heartbeat", "-n", f"w{time.monotonic_ns()}@test",
             "--loglevel", "WARNING", "-Q", "default"],
            cwd=ROOT, stdout=self.log, stderr=self.log, start_new_session=True,
            env=os.environ | {
                "DATABASE_URL": f"{database}/{there['NAME']}", "REDIS_URL": settings.REDIS_URL, PLAYED: plays,
                "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(mail_port), "OPSBOARD_ROLE": "worker",
            },
        )  # fmt: skip

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    @property
    def words(self) -> str:
        return Path(self.log.name).read_text(errors="replace")[-3000:]


@contextlib.contextmanager
def worker(**how: Any) -> Iterator[Worker]:
    """A worker for the length of a block; at its end it is killed in any case."""
    running = Worker(**how)
    try:
        yield running
    finally:
        running.kill()


def until(true: Callable[[], object], *, within: float = 30.0, meanwhile: Callable[[], object] | None = None) -> None:
    """Wait until something is true; `meanwhile` is called five times a second."""
    end, again = time.monotonic() + within, 0.0
    while not true():
        if time.monotonic() > end:
            raise AssertionError("it did not come true in time")
        if meanwhile and time.monotonic() >= again:
            meanwhile()
            again = time.monotonic() + 0.2
        time.sleep(0.02)


class MailServer:
    """Takes every message and counts it by its Message-ID: the least of SMTP, on a thread of its own."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.port = 0
        self.refuses: dict[str, str] = {}  # a command and the answer that it gets
        self.hangs_up_after_data = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "MailServer":
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._talk, "127.0.0.1", 0), self._loop)
        self._server = started.result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *fault: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await say("220 test")
            while line := (await reader.readline()).decode("latin-1").strip():
                command = line[:4].upper()
                if command in self.refuses:
                    await say(self.refuses[command])
                elif command == "DATA":
                    await say("354 go on")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    names = [one for one in body.split(b"\r\n") if one.lower().startswith(b"message-id:")]
                    self.taken[names[0].decode().partition(":")[2].strip()] += 1
                    self.bodies.append(body)
                    if self.hangs_up_after_data:
                        break
                    await say(self.refuses.get(".", "250 taken"))
                elif command == "QUIT":
                    await say("221 bye")
                    break
                else:
                    await say("250 OK")
        writer.close()
