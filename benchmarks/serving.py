"""Real web processes on the database of this run, started as `make run` starts them, and people who ask them."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from opsboard import up

ROOT = Path(__file__).resolve().parent.parent
PLACE = "opsboard.wsgi:application"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """Where it listens, and who it is."""

    port: int
    pid: int

    def worked(self) -> float:
        """Seconds of a processor that it and its workers have used."""
        return sum(_worked(pid) for pid in (self.pid, *_children(self.pid)))


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    direct = [int(text) for text in found.read_text().split()] if found.exists() else []
    return [*direct, *(one for child in direct for one in _children(child))]


def _worked(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK
    return 0.0


@contextlib.contextmanager
def server(place: str = PLACE, *more: str) -> Iterator[Server]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    web = up.children("127.0.0.1", port, settings.VAR, lambda: True)[0]
    there = connection.settings_dict
    database = f"{quote(there['USER'])}:{quote(there['PASSWORD'])}@{there['HOST']}:{there['PORT']}/{there['NAME']}"
    surroundings = os.environ | dict(web.environment) | {
        "DATABASE_URL": f"postgres://{database}", "REDIS_URL": settings.REDIS_URL, "SITE_URL": f"http://localhost:{port}",
    }  # fmt: skip
    command = [place if part == PLACE else part for part in web.command]
    process = subprocess.Popen(
        [*command, *more], cwd=ROOT, env=surroundings, stdout=subprocess.DEVNULL, stderr=sys.stderr
    )
    try:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if time.monotonic() > until:
                raise TimeoutError("the web process did not start")
            time.sleep(0.1)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


type Answer = tuple[int, dict[str, str], bytes]
type Ask = Callable[[str, dict[str, str]], Answer]


@contextlib.contextmanager
def line_to(port: int, headers: dict[str, str]) -> Iterator[Ask]:
    """One person's connection, which stays open as a browser's does."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(url: str, more: dict[str, str]) -> Answer:
        line.request("GET", url, headers={"Host": "localhost", **headers, **more})
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    try:
        yield ask
    finally:
        line.close()


def at_once(people: Sequence[Callable[[], None]]) -> None:
    """All of them at the same time; the first one's trouble is everybody's.

    They live in one process, where Python gives them turns of 5 ms each: shorter turns, so that nobody's time is measured
    while another reads.
    """
    troubles: list[BaseException] = []
    turns = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)

    def live(person: Callable[[], None]) -> None:
        try:
            person()
        except BaseException as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=live, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(turns)
    if troubles:
        raise troubles[0]


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
