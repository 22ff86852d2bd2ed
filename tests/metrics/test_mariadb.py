"""A real MariaDB: read by one SELECT, never written, with limits of time and rows. Skipped where none is installed."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from metrics.services.fetching import sql
from metrics.services.fetching.asking import Question, Unanswered
from opsboard.core.access import Viewer
from opsboard.embedded.process import free_port
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SETUP = """
CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
CREATE TABLE sales (id int PRIMARY KEY AUTO_INCREMENT, sold_at datetime, noted timestamp, amount decimal(10,2), shop varchar(20));
INSERT INTO sales (sold_at, noted, amount, shop) VALUES ('2026-11-17 09:00', '2026-11-17 01:00', 10.5, '杭州'),
 ('2026-11-18 09:00', '2026-11-18 01:00', 20, 'Lyon'), ('2026-07-01 09:00', '2026-07-01 07:00', 1, 'Berlin');
CREATE USER 'reader'@'%%' IDENTIFIED BY 'let me read'; GRANT ALL ON shop.* TO 'reader'@'%%'; FLUSH PRIVILEGES
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """On a port and in a folder of its own; ended by its process."""
    daemon = shutil.which("mariadbd") or shutil.which("mysqld")
    maker = shutil.which("mariadb-install-db")
    if not daemon or not maker:
        pytest.skip("no MariaDB here: install mariadb-server to try sources against it")
    folder: Path = tmp_path_factory.mktemp("mariadb")
    base = ["--no-defaults", f"--datadir={folder}/db", "--user=root"]
    subprocess.run(
        [maker, *base, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    port = free_port()
    process = subprocess.Popen(
        [daemon, *base, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", "--skip-name-resolve",
         f"--pid-file={folder}/pid", "--default-time-zone=+00:00", "--innodb-buffer-pool-size=16M"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        engine = create_engine(f"mysql+pymysql://root@127.0.0.1:{port}/mysql", isolation_level="AUTOCOMMIT")
        for _wait in range(300):
            with contextlib.suppress(OperationalError), engine.connect():
                break
            time.sleep(0.1)
        with engine.connect() as root:
            for statement in SETUP.split(";"):
                root.exec_driver_sql(statement)
        engine.dispose()
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def ask(server: int, editor: Viewer, settings: Any) -> Any:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]

    def asked(query: str, **more: Any) -> list[tuple[str, ...]]:
        asks = {
            "database": "mysql",
            "host": "127.0.0.1",
            "port": server,
            "db": "shop",
            "user": "reader",
            "query": query,
        }
        question = Question(asks, {"password": more.pop("password", "let me read")}, editor, NOW, **more)
        return sql.fetch(question).frame.rows()

    return asked


def test_a_select_is_read_by_the_sources_clock(ask: Any) -> None:
    assert ask("select sold_at, amount, shop from sales where sold_at >= :since and shop <> '10:30' order by 1",
               since=datetime(2026, 11, 17, 1, tzinfo=UTC)) == [
        ("2026-11-17 09:00:00", "10.50", "杭州"), ("2026-11-18 09:00:00", "20.00", "Lyon"),
    ]  # fmt: skip
    # A TIMESTAMP is a moment: it comes by the clock of the source, in summer by that of summer.
    berlin = {"timezone": "Europe/Berlin"}
    assert ask("select noted from sales order by noted", **berlin) == [
        ("2026-07-01 09:00:00",), ("2026-11-17 02:00:00",), ("2026-11-18 02:00:00",),
    ]  # fmt: skip
    assert ask("select count(*) from sales where noted >= :since", since=datetime(2026, 11, 17, 1, tzinfo=UTC)) == [
        ("2",)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into sales (amount) values (1)", "delete from sales", "create table t (a int)", "drop table sales",
        "select amount from sales into outfile '/tmp/opsboard-must-not'",
    ],
)  # fmt: skip
def test_the_database_itself_refuses_to_write(ask: Any, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    with pytest.raises(Unanswered):
        ask(statement)
    monkeypatch.setattr(sql, "check", lambda _asks: {})  # the first lock is picked
    with pytest.raises(Unanswered, match=r"(?i)read.only|access denied"):
        ask(statement)
    assert ask("select count(*) from sales") == [("3",)]


def test_what_takes_too_long_or_is_too_much_is_ended(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "SECONDS", 1)
    started = time.monotonic()
    many = " cross join ".join(f"(select 1 union select 2 union select 3) t{place}" for place in range(22))
    with pytest.raises(Unanswered, match=r"(?i)max_statement_time|interrupted|maximum"):
        ask(f"select count(*) from {many}")
    assert time.monotonic() - started < 8
    monkeypatch.setattr(sql, "SECONDS", 30)
    monkeypatch.setattr(sql, "MOST_ROWS", 1000)
    rows = "select 1 as a from seq_1_to_100000"
    with pytest.raises(Unanswered, match="more than 1,000 rows"):
        ask(rows)
    assert len(ask(rows, peek=True)) == 50


def test_a_wrong_password_and_an_unknown_table_are_said_in_words(ask: Any) -> None:
    with pytest.raises(Unanswered, match=r"(?i)access denied"):
        ask("select 1", password="wrong")
    with pytest.raises(Unanswered, match="doesn't exist"):
        ask("select amount from nothing")
