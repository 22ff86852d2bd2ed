"""What both servers have in common: a process that can be started again, its log and its password."""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from opsboard import ending

LOOPBACK = "127.0.0.1"
LOG_LIMIT = 5 * 1024 * 1024
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


class EmbeddedError(Exception):
    """Why the servers can't be had, in a sentence, and what to do about it."""


def quiet(sentence: str) -> None:
    """Say nothing."""


def ends_with_us(number: int) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends the child this signal when we die, even by kill -9. Linux only."""
    if sys.platform != "linux":
        return lambda: None
    library, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def bind() -> None:
        library.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and here
            os._exit(1)

    return bind


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@dataclass(slots=True)
class Server:
    """A server process of ours that can be started again."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    await_ready: Callable[[subprocess.Popen[bytes]], None]
    stop_signal: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with ending.held():
            self.process = self.launch()
        try:
            ending.heed()
            self.await_ready(self.process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        for number, patience in ((self.stop_signal, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            with suppress(ProcessLookupError):
                process.send_signal(number)
            if wait(process, patience):
                return


def log_file(folder: Path, name: str) -> Path:
    (folder / "log").mkdir(exist_ok=True)
    log = folder / "log" / f"{name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    return log


def open_log(log: Path) -> IO[bytes]:
    return log.open("ab", buffering=0)


def since(log: Path, start: int) -> str:
    with log.open("rb") as handle:
        handle.seek(start)
        return handle.read()[-20_000:].decode(errors="replace")


def password_in(file: Path) -> str:
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(secrets.token_hex(24))
    return file.read_text().strip()


def full_disk(folder: Path) -> EmbeddedError:
    return EmbeddedError(
        f"The disk that holds {folder} is full. Free some space (1 GB is comfortable) and start again; nothing is lost."
    )


def looks_full(said: str) -> bool:
    """Whether a server's words mean a full disk."""
    return "No space left" in said or "Check free disk space" in said
