"""Valkey: broker, cache and live events, behind a password that never shows in a process list."""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from opsboard.embedded.places import valkey_program
from opsboard.embedded.process import (
    LOOPBACK,
    EmbeddedError,
    Server,
    ends_with_us,
    full_disk,
    log_file,
    looks_full,
    open_log,
    since,
)


def run_valkey(folder: Path, password: str, port: int, keep: bool) -> Server:
    program, log, data = (valkey_program(), log_file(folder, "valkey"), folder / "valkey")
    data.mkdir(mode=0o700, exist_ok=True)
    began = 0
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data}"',
        "daemonize no",
        'save ""',
        f"appendonly {'yes' if keep else 'no'}",
        "maxmemory-policy noeviction",
        'logfile ""',
    ]

    def launch() -> subprocess.Popen[bytes]:
        nonlocal began
        began = log.stat().st_size if log.exists() else 0
        with open_log(log) as handle:
            process = subprocess.Popen(
                [str(program), "-"],  # settings by standard input: no password in a process list
                stdin=subprocess.PIPE,
                stdout=handle,
                stderr=handle,
                cwd=data,
                start_new_session=True,
                preexec_fn=ends_with_us(signal.SIGTERM),
            )
        if process.stdin:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write("\n".join(lines).encode())
        return process

    def ready(process: subprocess.Popen[bytes]) -> None:
        start = time.monotonic()
        while not answers(port, password):
            if process.poll() is not None:
                said = since(log, began)
                if looks_full(said):
                    raise full_disk(folder)
                raise EmbeddedError(
                    f"Valkey could not start: {said.strip().splitlines()[-1] if said.strip() else 'it said nothing'}\n"
                    f"{data} holds waiting jobs only; to begin with none, move it away: mv {data} {data}.broken\n"
                    f"All it said is in {log}."
                )
            if time.monotonic() - start > 120:
                raise EmbeddedError(f"Valkey was not ready after two minutes. What it said is in {log}.")
            time.sleep(0.02)

    return Server("Valkey", launch, ready, signal.SIGTERM)


def answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as link:
            link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2 and (part := link.recv(200)):
                said += part
            return said.endswith(b"+PONG\r\n")
    except OSError:
        return False
