"""PostgreSQL: made on first use, started in the foreground, and its troubles told in sentences."""

import locale
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from opsboard.embedded.places import Place
from opsboard.embedded.process import (
    LOOPBACK,
    EmbeddedError,
    Say,
    Server,
    ends_with_us,
    full_disk,
    log_file,
    looks_full,
    open_log,
    since,
)

DATABASE = "opsboard"
OWNER = "opsboard"
VERSION = "18"


def _broken(data: Path, log: Path, reason: str) -> EmbeddedError:
    return EmbeddedError(
        f"PostgreSQL can't open its data folder {data}: {reason or 'it stopped without a word'}.\n"
        f"Restore {data} from a backup; or, to begin with an empty one, move it away: mv {data} {data}.broken\n"
        f"All it said is in {log}."
    )


def _reason(text: str) -> str:
    """The sentence that matters in what a PostgreSQL program printed."""
    for mark in ("PANIC:", "FATAL:", "error:", "ERROR:"):
        found = [line.split(mark, 1)[1].strip() for line in text.splitlines() if mark in line]
        if found:
            return found[-1].rstrip(".")
    return ""


def initialise(place: Place, password: str, folder: Path, log: Path) -> None:
    """initdb beside the final place, then a rename: an interrupted first start leaves nothing half done."""
    new = place.data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    secret = new.with_name("postgres.first")
    secret.write_text(password)
    try:
        secret.chmod(0o600)
        if place.uid is not None and place.gid is not None:
            os.chown(new, place.uid, place.gid)
            os.chown(secret, place.uid, place.gid)
        done = subprocess.run(
            [
                str(place.programs / "bin" / "initdb"),
                f"--pgdata={new}",
                f"--username={OWNER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                f"--lc-ctype={_utf8_ctype()}",  # pg_trgm asks the C library which characters are letters
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_plain_environment(),
            cwd="/",
            check=False,
            user=place.uid,
            group=place.gid,
            extra_groups=None if place.uid is None else [],
        )
    finally:
        secret.unlink(missing_ok=True)
    said = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        with open_log(log) as handle:
            handle.write(done.stdout)
        shutil.rmtree(new, ignore_errors=True)
        if looks_full(said):
            raise full_disk(folder)
        raise EmbeddedError(
            f"PostgreSQL could not make its data folder in {new.parent}: {_reason(said) or said.strip()[-300:]}. "
            f"All it said is in {log}."
        )
    if place.data.exists():
        place.data.rmdir()
    new.rename(place.data)


def _plain_environment() -> dict[str, str]:
    """PostgreSQL's own variables (PGDATA, PGPORT, ...) of somebody's shell must not reach ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def _utf8_ctype() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"):
            with suppress(locale.Error):
                return locale.setlocale(locale.LC_CTYPE, name) and name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def has_data(place: Place, log: Path) -> bool:
    """Whether there are data; raises when what is there can't be PostgreSQL 18's."""
    if not place.data.exists() or not any(place.data.iterdir()):
        return False
    version_file = place.data / "PG_VERSION"
    version = version_file.read_text().strip() if version_file.exists() else ""
    if version and version != VERSION:
        raise EmbeddedError(
            f"The data in {place.data} were made by PostgreSQL {version}, and this is PostgreSQL {VERSION}. Move them with "
            f"pg_dump and pg_restore of both versions, or begin with an empty folder: mv {place.data} {place.data}.{version}"
        )
    if not version:
        raise _broken(place.data, log, "the file PG_VERSION is missing")
    return True


def _evict(place: Place) -> None:
    """Nobody else holds our lock, so a server still on these data is an orphan, and a pid file without one is stale."""
    pid_file = place.data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    told = False
    for attempt in range(400):
        if not _is_postgres(pid):
            break
        if not told or attempt == 200:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if not told else signal.SIGQUIT)
            told = True
        time.sleep(0.05)
    else:
        raise EmbeddedError(
            f"An old PostgreSQL (process {pid}) holds {place.data} and won't stop. End it, then start again."
        )
    pid_file.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in shown.stdout


def run_postgres(folder: Path, place: Place, password: str, port: int, fsync: bool, say: Say) -> Server:
    log = log_file(folder, "postgres")
    began = 0
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": "120",
        "shared_buffers": "192MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "logging_collector": "off",
    }
    if not fsync:
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "5min",
        }

    def launch() -> subprocess.Popen[bytes]:
        nonlocal began
        _evict(place)
        began = log.stat().st_size if log.exists() else 0
        with open_log(log) as handle:
            return subprocess.Popen(
                [
                    str(place.programs / "bin" / "postgres"),
                    "-D",
                    str(place.data),
                    *[part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
                ],
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                env=_plain_environment(),
                cwd="/",
                start_new_session=True,
                preexec_fn=ends_with_us(signal.SIGINT),
                user=place.uid,
                group=place.gid,
                extra_groups=None if place.uid is None else [],
            )

    def ready(process: subprocess.Popen[bytes]) -> None:
        start, told = time.monotonic(), 0.0
        while True:
            try:
                with psycopg.connect(
                    database_url(password, port, "postgres"), connect_timeout=5, autocommit=True
                ) as link:
                    if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                        link.execute(f'CREATE DATABASE "{DATABASE}"')
                    return
            except psycopg.OperationalError as error:
                if process.poll() is not None:
                    raise _why_postgres_stopped(folder, place.data, log, since(log, began)) from None
                if "password authentication failed" in str(error):
                    raise EmbeddedError(
                        f"PostgreSQL doesn't take the password in {folder / 'postgres.password'}: "
                        "that file and the data folder belong to different installations. Put the right one back."
                    ) from None
                waited = time.monotonic() - start
                if waited > 600:
                    raise _broken(place.data, log, "it was not ready after ten minutes") from None
                if waited - told > 10:
                    told = waited
                    say(f"PostgreSQL is still getting ready after {waited:.0f} s (it repairs itself after a crash).")
            except psycopg.Error as error:
                if looks_full(str(error)):
                    raise full_disk(folder) from None
                raise _broken(place.data, log, str(error).splitlines()[0]) from None
            time.sleep(0.03)

    return Server("PostgreSQL", launch, ready, signal.SIGINT)


def _why_postgres_stopped(folder: Path, data: Path, log: Path, said: str) -> EmbeddedError:
    if looks_full(said):
        return full_disk(folder)
    if "Address already in use" in said:
        return EmbeddedError("Another program took the port that PostgreSQL was about to use. Start again.")
    if "could not create shared memory" in said or "Cannot allocate memory" in said:
        return EmbeddedError(
            "There is not enough memory for PostgreSQL (it asks for 200 MB). Close something and start again."
        )
    return _broken(data, log, _reason(said))


def database_url(password: str, port: int, database: str = DATABASE) -> str:
    return f"postgres://{OWNER}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}"
