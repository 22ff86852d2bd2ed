"""Values out of somebody's database: one SELECT, in a read-only transaction, with limits of time and rows."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from datetime import timezone as fixed_zone
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from metrics import analysis
from metrics.services.fetching.asking import DEADLINE, MOST_BYTES, MOST_ROWS, Question, Unanswered
from opsboard.core import net
from opsboard.core.lazy import lazy
from opsboard.core.uploads import Table, table_of

sqlalchemy = lazy("sqlalchemy")
alchemy_errors = lazy("sqlalchemy.exc")
SECONDS = 30
CHUNK = 500
OFFSET, TIMESTAMP = "opsboard.offset", 7  # the number by which MySQL tells the kind of a column
DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
PORTS = {"postgresql": 5432, "mysql": 3306}
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\Z|[0-9a-fA-F:]{2,45}\Z")


def check(asks: Any) -> dict[str, str]:
    """What is wrong with what is asked, by field."""
    wrong: dict[str, str] = {}
    database = str(asks.get("database") or "")
    if database not in DIALECTS:
        return {"database": _("Choose the kind of database.")}
    if database == "sqlite":
        try:
            file_of(asks)
        except Unanswered as reason:
            wrong["db"] = str(reason)
    else:
        host = str(asks.get("host") or "")
        if not HOST.match(host):
            wrong["host"] = _("Give the name or address of the database server, without http:// and without a path.")
        else:
            try:
                net.check_url(f"http://{f'[{host}]' if ':' in host else host}/")
            except net.OutboundError as reason:
                wrong["host"] = str(reason)
    if found := analysis.objection(str(asks.get("query") or ""), DIALECTS[database]):
        wrong["query"] = sentence(found)
    return wrong


def sentence(found: analysis.Objection) -> str:
    """Why a query is not run, in words."""
    texts = {
        "empty": _("Write the query that gives the values."),
        "long": _("The query is too long."),
        "unreadable": _("The query can't be read as SQL, near “%(word)s”."),
        "comment": _("Comments that the database runs, such as /*! … */, are not allowed."),
        "several": _("Only one statement is allowed, and it must be a SELECT."),
        "not_a_select": _("“%(word)s” is not a SELECT. A source only reads."),
        "writes": _("“%(word)s” is not allowed here: a source only reads, and knows no values but :since and :until."),
        "function": _(
            "The function “%(word)s” is not on the list of functions that only calculate. Put what it does into a view "
            "of your database and read that."
        ),
    }
    return texts[found.what] % {"word": found.word}


def fetch(question: Question) -> Table:
    asks = question.asks
    if wrong := check(asks):
        raise Unanswered(" ".join(wrong.values()))
    # By the clock of the source: columns without a zone hold local times, and the session is set to the same clock.
    values: dict[str, datetime | str] = {
        "since": _local(question.start, question),
        "until": _local(question.now, question),
    }
    query = str(asks["query"]).strip().rstrip(";")
    used = {name: value for name, value in values.items() if re.search(rf"(?<![:\w\\]):{name}\b", query)}
    # A colon before another word (in '10:30', or a text) is not a value's name.
    query = re.sub(r"(?<![:\w\\]):(?!(?:since|until)\b)(?=[A-Za-z_])", r"\\:", query)
    question.progress(0.05, _("Asking the database"))
    until = time.monotonic() + question.deadline
    engine = _engine(asks, question.secret)
    try:
        with engine.connect() as connection, _only_reading(connection, question) as reading:
            if asks["database"] == "sqlite":
                used = {name: str(value) for name, value in used.items()}
            result = reading.execute(sqlalchemy.text(query), used)
            rows = _by_season(result, reading, _rows(result, question, until), question)
            return table_of(list(result.keys()), rows, filename="query")
    except alchemy_errors.SQLAlchemyError as fault:
        raise Unanswered(_told(fault)) from fault
    except (OSError, sqlite3.Error, UnicodeError) as fault:
        raise Unanswered(_("The database did not answer: %(reason)s") % {"reason": str(fault)[:200]}) from fault
    finally:
        engine.dispose()


def _local(moment: datetime, question: Question) -> datetime:
    return moment.astimezone(question.zone).replace(tzinfo=None, microsecond=0)


def _rows(result: Any, question: Question, until: float) -> Iterator[tuple[Any, ...]]:
    count = size = 0
    while part := result.fetchmany(min(CHUNK, question.most)):
        for row in part:
            size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
            yield tuple(row)
        count += len(part)
        if question.peek and count >= question.most:
            return
        if count > MOST_ROWS or size > MOST_BYTES:
            raise Unanswered(too_many())
        if time.monotonic() > until:
            raise Unanswered(_("The answer took longer than %(seconds)s seconds.") % {"seconds": round(DEADLINE)})
        question.progress(0.05 + 0.2 * count / MOST_ROWS, _("%(count)s rows read") % {"count": count})


def _by_season(
    result: Any, connection: Any, rows: Iterator[tuple[Any, ...]], question: Question
) -> Iterator[tuple[Any, ...]]:
    """Where MySQL knows no time zones by name: its moments (TIMESTAMP) by the source's clock of their own season."""
    offset = connection.info.get(OFFSET)
    places = [place for place, one in enumerate(result.cursor.description) if one[1] == TIMESTAMP] if offset else []
    for row in rows:
        cells = list(row)
        for place in places:
            if isinstance(cells[place], datetime):
                moment = cells[place].replace(tzinfo=offset).astimezone(question.zone)
                cells[place] = moment.replace(tzinfo=None)
        yield tuple(cells)


def too_many() -> str:
    return _("The answer has more than %(limit)s rows, or is larger than is read at once. Ask for fewer: group by day, or use :since.") % {"limit": f"{MOST_ROWS:,}"}  # fmt: skip


def file_of(asks: Any) -> Path:
    """The SQLite file that is asked for, inside the folder that the host's operator allows."""
    if not settings.SOURCES_FOLDER:
        raise Unanswered(_("SQLite files are not read here. The administrator can allow a folder with SOURCES_FOLDER."))
    folder = Path(settings.SOURCES_FOLDER).resolve()
    name = str(asks.get("db") or "").replace("\x00", "")
    file = (folder / name).resolve()
    if not name or not file.is_relative_to(folder) or not file.is_file():
        raise Unanswered(_("There is no file “%(name)s” in the folder for sources.") % {"name": name})
    return file


def _engine(asks: Any, secret: Any) -> Any:
    database = str(asks["database"])
    if database == "sqlite":
        file = file_of(asks)
        return sqlalchemy.create_engine(
            "sqlite://", creator=lambda: _read_only_file(file), poolclass=sqlalchemy.pool.NullPool
        )
    host, port = str(asks["host"]), int(asks.get("port") or PORTS[database])
    try:
        found = net.addresses(host, port)
    except net.OutboundError as fault:
        raise Unanswered(str(fault)) from fault
    address = str(found[0])
    if is_the_house(address, port):
        raise Unanswered(_("This is Opsboard's own database. Read its numbers with a source of the kind “A number of Opsboard” or “A table of Opsboard”."))  # fmt: skip
    query: dict[str, str] = {}
    more: dict[str, Any]
    if database == "postgresql":
        # hostaddr: the address that was checked is the one that is connected to.
        more = {"connect_timeout": 8, "hostaddr": address, "passfile": "/dev/null", "application_name": "Opsboard",
                "gssencmode": "disable", "sslmode": "require" if asks.get("tls") else "prefer"}  # fmt: skip
    else:
        more = {"connect_timeout": 8, "read_timeout": SECONDS + 5, "write_timeout": 10, "local_infile": False}
        if asks.get("tls"):
            more["ssl"] = {"check_hostname": False}
    url = sqlalchemy.URL.create(
        DRIVERS[database], username=str(asks.get("user") or "") or None, password=str(secret.get("password") or "") or None,
        host=host if database == "postgresql" else address, port=port, database=str(asks.get("db") or "") or None, query=query,
    )  # fmt: skip
    return sqlalchemy.create_engine(url, connect_args=more, poolclass=sqlalchemy.pool.NullPool, hide_parameters=True)


def is_the_house(address: str, port: int) -> bool:
    """Whether a database server is the one that Opsboard itself lives in."""
    own = settings.DATABASES["default"]
    if port != int(own["PORT"] or 5432):
        return False
    if str(own["HOST"]).startswith("/") or not own["HOST"]:
        return address in {"127.0.0.1", "::1"}
    try:
        here = {str(entry[4][0]) for entry in socket.getaddrinfo(str(own["HOST"]), port, type=socket.SOCK_STREAM)}
    except OSError:
        here = set()
    return address in here or ({address, *here} <= {"127.0.0.1", "::1"})


def _read_only_file(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{file.as_posix().replace('?', '%3f').replace('#', '%23')}?mode=ro", uri=True, timeout=5, check_same_thread=False)  # fmt: skip
    connection.execute("PRAGMA query_only = ON")
    end = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
    transactions = {sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT}
    connection.set_authorizer(
        lambda action, what, *_rest: (
            sqlite3.SQLITE_OK
            if action in allowed | transactions or (action == sqlite3.SQLITE_PRAGMA and what == "read_uncommitted")
            else sqlite3.SQLITE_DENY
        )
    )
    return connection


@contextlib.contextmanager
def _only_reading(connection: Any, question: Question) -> Iterator[Any]:
    """The second lock: a transaction in which the database itself refuses to write, and ends what takes too long."""
    database = str(question.asks["database"])
    if database == "postgresql":
        connection.exec_driver_sql(f"SET statement_timeout = {SECONDS * 1000}")
        connection.exec_driver_sql("SELECT set_config('TimeZone', %s, false)", (question.zone.key,))
        connection.exec_driver_sql(f"SET idle_in_transaction_session_timeout = {SECONDS * 2000}")
        connection.commit()
        connection = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, stream_results=True, max_row_buffer=CHUNK
        )
    elif database == "mysql":
        offset = f"{question.now.astimezone(question.zone):%z}"
        # By name a summer's moments are told by the clock of summer; servers without names know only an offset.
        try:
            connection.exec_driver_sql("SET SESSION time_zone = %s", (question.zone.key,))
        except alchemy_errors.SQLAlchemyError:
            connection.exec_driver_sql(f"SET SESSION time_zone = '{offset[:3]}:{offset[3:5]}'")
            away = question.now.astimezone(question.zone).utcoffset()
            connection.info[OFFSET] = fixed_zone(away) if away is not None else None
        for statement in (f"SET SESSION max_execution_time = {SECONDS * 1000}", f"SET SESSION max_statement_time = {SECONDS}"):  # fmt: skip
            with contextlib.suppress(alchemy_errors.SQLAlchemyError):  # MySQL knows the one, MariaDB the other
                connection.exec_driver_sql(statement)
        connection.rollback()
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()
        connection = connection.execution_options(stream_results=True, max_row_buffer=CHUNK)
    try:
        yield connection
    finally:
        with contextlib.suppress(alchemy_errors.SQLAlchemyError):
            connection.rollback()


def _told(fault: Exception) -> str:
    """What the database said, in one line, without the statement."""
    said = str(getattr(fault, "orig", None) or fault).strip().splitlines()
    return _("The database says: %(reason)s") % {"reason": (said[0] if said else type(fault).__name__)[:300]}
