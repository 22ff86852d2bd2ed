"""PostgreSQL and Valkey out of the installed packages, run in the foreground for whoever has no servers of their own.

No Django in here: the supervisor and the tests start servers before any settings are read.
Both listen on loopback only, behind passwords that live beside the data; the data stay between runs.
"""

import errno
import fcntl
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from opsboard.embedded.places import place_for
from opsboard.embedded.postgres import database_url, has_data, initialise, run_postgres
from opsboard.embedded.process import (
    LOOPBACK,
    EmbeddedError,
    Say,
    Server,
    ends_with_us,
    free_port,
    full_disk,
    log_file,
    password_in,
    quiet,
)
from opsboard.embedded.valkey import run_valkey

__all__ = ["EmbeddedError", "Say", "Servers", "ends_with_us", "free_port", "holder", "quiet", "start"]

LEAST_FREE = 100 * 1024 * 1024


@dataclass(slots=True)
class Servers:
    """The running servers; a context manager that stops them. `stop()` may be called twice."""

    folder: Path
    database_url: str = ""
    redis_url: str = ""
    _servers: list[Server] = field(default_factory=list)
    _lock: IO[str] | None = None

    @property
    def processes(self) -> dict[str, int]:
        return {server.name: server.process.pid for server in self._servers if server.process}

    def mend(self) -> list[str]:
        """Start again what died, on the same port; the names of what was started."""
        dead = [server for server in self._servers if server.process is None or server.process.poll() is not None]
        for server in dead:
            server.start()
        return [server.name for server in dead]

    def stop(self) -> None:
        if self._lock is None:
            return
        (self.folder / "embedded.json").unlink(missing_ok=True)
        for server in reversed(self._servers):
            server.stop()
        self._lock.close()
        self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _locked(folder: Path, note: str) -> IO[str]:
    """The lock dies with us, however we die; its text tells a second start where the first one is."""
    handle = (folder / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        holder = handle.read().strip()
        handle.close()
        raise EmbeddedError(
            f"Opsboard already runs on the data in {folder}{f' ({holder})' if holder else ''}. "
            "Stop it with Ctrl-C where it runs, or set VAR to another folder for a second one."
        ) from None
    handle.truncate(0)
    handle.write(f"process {os.getpid()}{f', {note}' if note else ''}")
    handle.flush()
    return handle


def holder(folder: Path) -> str:
    """Who runs on these data now ("process 12, http://localhost:8000"), or nothing."""
    try:
        with (folder / "lock").open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return ""
    except BlockingIOError:
        return (folder / "lock").read_text().strip() or "process unknown"
    except OSError:
        return ""


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            folder.chmod(0o711)  # PostgreSQL's own user passes through; the files inside keep their rights
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EmbeddedError(f"{folder} can't be written. Give yourself the right, or set VAR to another folder.")
    if shutil.disk_usage(folder).free < LEAST_FREE:
        raise full_disk(folder)


def _note_addresses(servers: Servers) -> None:
    """Where a manage.py beside us finds the servers."""
    file = servers.folder / "embedded.json"
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump({"database_url": servers.database_url, "redis_url": servers.redis_url, "pid": os.getpid()}, handle)
    new.replace(file)


def start(
    folder: Path, *, fsync: bool = True, postgres: bool = True, valkey: bool = True, note: str = "", say: Say = quiet
) -> Servers:
    """Start the servers on the data in `folder`, made on first use. Call it from the main thread.

    `fsync=False` is for tests: quick, and lost in a power cut. `note` is told to whoever tries a second start.
    """
    folder = folder.resolve()
    servers = Servers(folder)
    try:
        _make_folder(folder)
        servers._lock = _locked(folder, note)
        if postgres:
            place = place_for(folder, say)
            password = password_in(folder / "postgres.password")
            log = log_file(folder, "postgres")
            if not has_data(place, log):
                initialise(place, password, folder, log)
            port = free_port()
            servers._servers.append(run_postgres(folder, place, password, port, fsync, say))
            servers.database_url = database_url(password, port)
        if valkey:
            password, port = password_in(folder / "valkey.password"), free_port()
            servers._servers.append(run_valkey(folder, password, port, keep=fsync))
            servers.redis_url = f"redis://:{password}@{LOOPBACK}:{port}/0"
        for server in servers._servers:
            server.start()
        _note_addresses(servers)
    except OSError as error:
        servers.stop()
        if error.errno == errno.ENOSPC:
            raise full_disk(folder) from None
        raise EmbeddedError(f"The servers could not be started: {error.strerror} ({error.filename}).") from error
    except BaseException:
        servers.stop()
        raise
    return servers
