"""A real Celery worker in a process of its own, on the test's database and broker, that can be killed; and a mail server."""

import asyncio
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from celery.signals import import_modules
from django.conf import settings

from opsboard.celery import app
from tests.nursery import Process

SMTP = "django.core.mail.backends.smtp.EmailBackend"
PLAYED = "OPSBOARD_TEST_PLAYED"  # modules with an `install()`, which the worker calls before it begins

__all__ = ["MailServer", "app", "mailer", "until", "worker"]


@import_modules.connect(weak=False)
def install_what_the_test_plays(**kwargs: Any) -> None:
    for name in filter(None, os.environ.get(PLAYED, "").split(",")):
        import_module(name).install()


def mailer(port: int) -> dict[str, Any]:
    return {"default": {"BACKEND": SMTP, "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 20}}}


@contextlib.contextmanager
def worker(*, plays: str = "", mail_port: int = 0, **more: Any) -> Iterator[Process]:
    """A worker for the length of a block, under these settings; at its end it is killed in any case."""
    settings.VAR.mkdir(parents=True, exist_ok=True)
    name = f"worker-{time.monotonic_ns()}"
    running = Process(
        "celery", "-A", "tests.workers:app", "worker", "--pool", "solo", "--concurrency", "1", "--without-gossip",
        "--without-mingle", "--without-heartbeat", "-n", f"{name}@test", "--loglevel", "WARNING", "-Q", "default",
        log=settings.VAR / f"{name}.log", environment={PLAYED: plays}, MAIL_HOST="127.0.0.1", MAILERS=mailer(mail_port),
        **more,
    )  # fmt: skip
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
