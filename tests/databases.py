"""The tables are laid once, in a database of their own, and every process of a session begins with a copy of it.

Laying them takes seven seconds, copying them less than one. A later session copies them too, as long as nothing has
changed that they are laid by, and the day is the same (parts by time are laid ahead from today).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.postgresql.creation import DatabaseCreation

ROOT = Path(__file__).resolve().parent.parent
LOCK = 71_001_466  # one process lays, the others wait for it
LAID = "laid_for_tests_"

_lay = DatabaseCreation.create_test_db


def what_lays() -> Iterator[Path]:
    """The files by which the tables come to be as they are."""
    yield from (
        ROOT / "requirements" / "base.txt",
        ROOT / "opsboard" / "settings.py",
        ROOT / "opsboard" / "core" / "founding.py",
    )
    for name in sorted([*settings.TECHNIQUES, *settings.SHARED_APPS, "core"]):
        for folder in (ROOT / name, ROOT / "opsboard" / name):
            yield from sorted(
                [*folder.glob("models.py"), *folder.glob("models/**/*.py"), *folder.glob("migrations/*.py")]
            )


def print_of_today() -> str:
    taken = sha256(datetime.now(UTC).date().isoformat().encode())
    for file in what_lays():
        taken.update(file.read_bytes())
    return taken.hexdigest()[:16]


def create_test_db(
    creation: Any, verbosity: int = 1, autoclobber: bool = False, serialize: bool | None = None, keepdb: bool = False
) -> str:
    if keepdb:
        return str(_lay(creation, verbosity, autoclobber, serialize, keepdb))
    name, laid = creation._get_test_db_name(), LAID + print_of_today()
    quoted = creation.connection.ops.quote_name
    with creation._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not creation._database_exists(cursor, laid):
            _lay(creation, verbosity, autoclobber, serialize, keepdb)
            creation.connection.close()
            cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [LAID])
            for (stale,) in cursor.fetchall():
                cursor.execute(f"DROP DATABASE IF EXISTS {quoted(stale)}")
            cursor.execute(f"CREATE DATABASE {quoted(laid)} TEMPLATE {quoted(name)}")
        else:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(laid)}")
    creation.connection.close()
    settings.DATABASES[creation.connection.alias]["NAME"] = creation.connection.settings_dict["NAME"] = name
    creation.connection.ensure_connection()
    return str(name)


def destroy_test_db(creation: Any, name: str, verbosity: int) -> None:
    """Whoever has not hung up yet, a worker that was killed a moment ago, is not waited for."""
    with creation._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {creation.connection.ops.quote_name(name)} WITH (FORCE)")


def install() -> None:
    DatabaseCreation.create_test_db = create_test_db  # type: ignore[method-assign, assignment]
    DatabaseCreation._destroy_test_db = destroy_test_db  # type: ignore[attr-defined]
