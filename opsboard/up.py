"""`manage.py up`: servers, tables, demo, then web, events, workers and beat under one supervisor.

It runs without Django, so that it can start the database before anything reads the settings, and stays small.
"""

import argparse
import errno
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

from opsboard import embedded, ending
from opsboard.lookout import Lookout
from opsboard.supervisor import Child, Speaker, Supervisor

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("opsboard", "web", "events", "worker", "pdf", "beat")
WEB_STARTS_WITHIN = 60.0
PYTHON = sys.executable
EVERYWHERE = "0.0.0.0"  # noqa: S104 - compared with, not listened on
NOT_OURS = {"node_modules", "var", "docs", "tests", "benchmarks"}


class UpError(Exception):
    """Why it can't start, in a sentence, and what to do about it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", default=os.environ.get("PORT") or "8000", help="port of the pages; live events use the next one"
    )
    parser.add_argument(
        "--host", default=os.environ.get("HOST") or "127.0.0.1", help="address to listen on; 0.0.0.0 for the network"
    )
    parser.add_argument(
        "--no-demo", action="store_true", help="begin with an empty workspace instead of the demo company"
    )


def data_folder() -> Path:
    return Path(os.environ.get("VAR") or ROOT / "var").resolve()


def port_of(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65_534:
        raise UpError(f"PORT must be a number from 1 to 65534, and is {text!r}. Try: make run PORT=8000")
    return int(text)


def check_port(host: str, port: int, free_one: int) -> None:
    """Raises unless both our ports can be had."""
    for number in (port, port + 1):
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, number))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise UpError(
                    f"Port {number} is for administrators only. Choose one above 1024: make run PORT={free_one}"
                ) from None
            if error.errno != errno.EADDRINUSE:
                raise UpError(
                    f"Opsboard can't listen on {host}: {error.strerror}. Leave HOST out, or give an address of this machine."
                ) from None
            use = "pages" if number == port else f"live events, the one after PORT={port}"
            raise UpError(
                f"Port {number} ({use}) is taken by another program. Choose another: make run PORT={free_one}"
            ) from None


def free_pair(start: int) -> int:
    """A port near `start` that is free together with the one after it."""
    for port in range(start, min(start + 400, 65_534), 10):
        with suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port
    return 8000


def children(host: str, port: int, folder: Path, web_is_up: Callable[[], bool]) -> list[Child]:
    """The processes of an installation. The workers wait for the web process: the first page comes first."""
    cores = os.cpu_count() or 1
    # Whoever runs as root knows it; Celery says so at each start.
    celery = (PYTHON, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "opsboard.celery:app")
    worker = (*celery, "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat")
    return [
        Child(
            "web",
            (
                *(PYTHON, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
                *("--workers", os.environ.get("WEB_WORKERS") or str(min(2, cores)), "--blocking-threads", "4"),
                *(
                    "--respawn-failed-workers",
                    "--workers-kill-timeout",
                    "5",
                    "--log-level",
                    "warning",
                    "opsboard.wsgi:application",
                ),
            ),
            {"OPSBOARD_ROLE": "web"},
        ),
        Child(
            "events",
            (
                *(PYTHON, "-m", "uvicorn", "--host", host, "--port", str(port + 1), "--log-level", "warning"),
                *("--no-access-log", "--timeout-graceful-shutdown", "1", "opsboard.events_asgi:application"),
            ),
            {"OPSBOARD_ROLE": "events"},
            after=web_is_up,
        ),
        Child(
            "worker",
            (
                *worker,
                "-n",
                "worker@%h",
                "-Q",
                "default",
                "--concurrency",
                os.environ.get("WORKERS") or str(max(2, cores)),
            ),
            {"OPSBOARD_ROLE": "worker"},
            after=web_is_up,
        ),
        Child(
            "pdf",
            (*worker, "-n", "pdf@%h", "-Q", "pdf", "--concurrency", "1", "--max-tasks-per-child", "1"),
            {"OPSBOARD_ROLE": "worker"},
            after=web_is_up,
        ),
        Child(
            "beat",
            # What is checked leads to the pages, which beat never needs.
            (*celery, "--skip-checks", "beat", "--loglevel", "WARNING", "--schedule", str(folder / "beat")),
            {"OPSBOARD_ROLE": "worker"},
            after=web_is_up,
        ),
    ]


def page_answers(host: str, port: int) -> bool:
    link = http.client.HTTPConnection("127.0.0.1" if host == EVERYWHERE else host, port, timeout=2)
    try:
        link.request("GET", "/healthz", headers={"Host": "localhost"})
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def prepare(say: Callable[[str], None], demo: bool) -> dict[str, str]:
    """Run `manage.py prepare` (tables, messages, static files, demo) and return what it wants the person to know."""
    read_end, write_end = os.pipe()
    with ending.held():
        process = subprocess.Popen(
            [PYTHON, str(ROOT / "manage.py"), "prepare", "--report", str(write_end), *([] if demo else ["--no-demo"])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=[write_end],
            start_new_session=True,
            preexec_fn=embedded.ends_with_us(signal.SIGTERM),
        )
    os.close(write_end)
    try:
        ending.heed()
        for line in process.stdout or ():
            if line.strip():
                say(line.rstrip())
        with os.fdopen(read_end) as report:
            text = report.read()
        if process.wait() != 0:
            raise UpError(
                "The preparation stopped with the words above. Nothing is half done: start again once that is mended."
            )
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return {str(name): str(value) for name, value in json.loads(text or "{}").items()}


# --- skipping the preparation when nothing changed: it saves half of the time to the first page ---


def _fingerprint() -> str:
    """Changes with the installed packages, the migrations, the translations and the static files."""
    print_ = hashlib.sha256(os.environ.get("DEBUG", "").encode())
    for stamp in sorted((ROOT / ".venv").glob("installed-*")):
        print_.update(stamp.read_bytes())
    for place, folders, files in os.walk(ROOT):
        inside = Path(place).relative_to(ROOT).parts
        folders[:] = sorted(name for name in folders if not (name.startswith(".") or (not inside and name in NOT_OURS)))
        wanted = inside[:1] == ("static",) or "migrations" in inside
        for name in sorted(files):
            if (wanted and not name.endswith(".pyc")) or name.endswith((".po", ".mo")):
                found = os.stat(Path(place) / name)
                print_.update(f"{place}/{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return print_.hexdigest()


def _tables(database_url: str) -> str:
    """What the database says about its tables: which installation it is, and how far its migrations went."""
    try:
        with psycopg.connect(database_url, connect_timeout=5) as link:
            rows = link.execute("SELECT count(*), max(id), min(applied)::text FROM django_migrations").fetchall()
            return repr(rows)
    except psycopg.Error:
        return ""


def _state(database_url: str) -> str:
    tables = _tables(database_url)
    return f"{_fingerprint()} {tables}" if tables else ""


def prepare_if_needed(say: Callable[[str], None], demo: bool, folder: Path) -> dict[str, str]:
    """`prepare`, unless files and tables are as they were after the last one."""
    note = folder / "prepared"
    before = note.read_text() if note.exists() else ""
    url = os.environ["DATABASE_URL"]
    if before and before == _state(url):
        return {}
    news = prepare(say, demo)
    note.write_text(_state(url))
    return news


class _Watch:
    """Looks after the embedded servers, once a second, and knows whether the web process has answered yet."""

    def __init__(self, host: str, port: int, servers: embedded.Servers | None, say: Callable[[str], None]) -> None:
        self.host, self.port, self.servers, self.say = host, port, servers, say
        self.began = time.monotonic()
        self.answered = False
        self.told: Callable[[], None] = lambda: None
        self.not_before = 0.0
        self.failures = 0

    def web_is_up(self) -> bool:
        if not self.answered and page_answers(self.host, self.port):
            self.answered = True
            self.told()
        return self.answered or time.monotonic() - self.began > WEB_STARTS_WITHIN

    def each_second(self) -> None:
        if self.servers is None or time.monotonic() < self.not_before:
            return
        try:
            for name in self.servers.mend():
                self.say(f"{name} had stopped and runs again.")
            self.failures = 0
        except embedded.EmbeddedError as error:
            self.failures += 1
            self.not_before = time.monotonic() + min(60, 2**self.failures)
            for line in str(error).splitlines():
                self.say(line)


def run(*, port: str, host: str, demo: bool) -> None:
    began = time.monotonic()
    number, folder = port_of(port), data_folder()
    address = f"http://localhost:{number}"
    speaker = Speaker(NAMES)

    def say(line: str) -> None:
        speaker("opsboard", line)

    own_database, own_redis = (bool(os.environ.get("DATABASE_URL")), bool(os.environ.get("REDIS_URL")))
    holder = embedded.holder(folder)
    if holder and not (own_database and own_redis):
        raise UpError(
            f"Opsboard already runs here ({holder}). Open it in a browser, or stop it with Ctrl-C where it runs."
        )
    check_port(host, number, free_pair(number + 10))
    servers = None
    if not (own_database and own_redis):
        say(
            "Starting "
            + " and ".join(n for n, own in (("PostgreSQL", own_database), ("Valkey", own_redis)) if not own)
            + "."
        )
        servers = embedded.start(folder, postgres=not own_database, valkey=not own_redis, note=address, say=say)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        given = {
            "PORT": str(number),
            "VAR": str(folder),
            "DJANGO_SETTINGS_MODULE": "opsboard.settings",
            "PYTHONUNBUFFERED": "1",
        }
        if servers is not None:
            given |= {"DATABASE_URL": servers.database_url} if servers.database_url else {}
            given |= {"REDIS_URL": servers.redis_url} if servers.redis_url else {}
        os.environ.update(given)
        os.chdir(ROOT)
        ending.heed()
        news = prepare_if_needed(say, demo, folder)
        ending.heed()
        watch = _Watch(host, number, servers, say)

        def welcome() -> None:
            watch.told = lambda: None
            if watch.answered:
                say(f"Ready after {time.monotonic() - began:.1f} s. Open {os.environ.get('SITE_URL') or address}")
            if "password" in news:
                say(f"Sign in as {news['email']} with the password {news['password']}")
                say("It is shown this once. Lost it? .venv/bin/python manage.py prepare --new-password")
            if watch.answered:
                say("Ctrl-C stops everything.")

        watch.told = welcome
        lookout = Lookout(os.environ["DATABASE_URL"])

        def each_second() -> None:
            watch.each_second()
            lookout.each_second()

        house = Supervisor(children(host, number, folder, watch.web_is_up), speaker=speaker, each_second=each_second)
        house.run()
        watch.told()
        say("Everything has stopped." if servers is None else "The processes have stopped; now the servers.")
    finally:
        if servers is not None:
            servers.stop()
            say("PostgreSQL and Valkey have stopped; your data are kept.")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return up(port=options.port, host=options.host, demo=not options.no_demo)


def up(*, port: str, host: str, demo: bool) -> int:
    """`run`, with every expected trouble told as a sentence; the exit status."""
    ending.listen()
    try:
        run(port=port, host=host, demo=demo)
    except (UpError, embedded.EmbeddedError) as error:
        sys.stderr.write(f"opsboard: {error}\n")
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(f"opsboard: it can't start: {error.strerror}{where}.\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0
