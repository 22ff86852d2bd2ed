"""The embedded servers keep their data, mend themselves, and tell every trouble in a sentence."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from opsboard import embedded
from opsboard.embedded import places
from opsboard.embedded.valkey import answers
from tests.ground.places import alive, eventually, fresh_folder, run_python

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down for PostgreSQL")


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        yield made


@pytest.fixture(scope="module")
def seasoned() -> Iterator[Path]:
    """A folder with data in it, made once; tests copy it instead of making their own."""
    with fresh_folder() as made:
        with embedded.start(made, fsync=False) as servers, psycopg.connect(servers.database_url) as link:
            link.execute("CREATE TABLE kept (word text)")
            link.execute("INSERT INTO kept VALUES ('改进')")
        yield made


@pytest.fixture
def copied(seasoned: Path) -> Iterator[Path]:
    with fresh_folder() as made:
        shutil.copytree(seasoned, made, dirs_exist_ok=True, symlinks=True)
        owner = (seasoned / "postgres").stat()
        for part in [made / "postgres", *(made / "postgres").rglob("*")]:
            os.chown(part, owner.st_uid, owner.st_gid)
        yield made


def words(servers: embedded.Servers) -> list[str]:
    with psycopg.connect(servers.database_url) as link:
        return [row[0] for row in link.execute("SELECT word FROM kept").fetchall()]


def test_data_stay_between_runs_and_are_plain_utf8(seasoned: Path) -> None:
    with embedded.start(seasoned, fsync=False) as servers:
        assert words(servers) == ["改进"]
        with psycopg.connect(servers.database_url) as link:
            encoding, ctype = link.execute(
                "SELECT pg_encoding_to_char(encoding), datctype FROM pg_database WHERE datname = current_database()"
            ).fetchone() or ("", "")
            link.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            grams = link.execute("SELECT cardinality(show_trgm('改进行动'))").fetchone()
    assert (encoding, ctype.lower().replace("-", "")[-4:]) == ("UTF8", "utf8")
    assert grams is not None
    assert grams[0] > 0, "Chinese words must be searchable by trigrams"


def test_the_servers_ask_for_a_password_and_listen_on_loopback_only(seasoned: Path) -> None:
    with embedded.start(seasoned, fsync=False) as servers:
        port = servers.database_url.rpartition(":")[2].split("/")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgres://opsboard:wrong@127.0.0.1:{port}/opsboard")
        with psycopg.connect(servers.database_url) as link:
            assert link.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
            assert link.execute("SHOW unix_socket_directories").fetchone() == ("",)
        valkey_port = int(servers.redis_url.rpartition(":")[2].split("/")[0])
        assert not answers(valkey_port, "wrong")
        secrets = [seasoned / name for name in ("postgres.password", "valkey.password", "embedded.json")]
        assert {file.stat().st_mode & 0o777 for file in secrets} == {0o600}


def test_other_commands_find_the_servers_while_they_run(seasoned: Path) -> None:
    with embedded.start(seasoned, fsync=False) as servers:
        noted = json.loads((seasoned / "embedded.json").read_text())
        assert (noted["database_url"], noted["redis_url"]) == (servers.database_url, servers.redis_url)
    assert not (seasoned / "embedded.json").exists()


def test_a_server_that_died_is_mended_on_its_port_with_its_data(seasoned: Path) -> None:
    with embedded.start(seasoned, fsync=False) as servers:
        before = servers.processes
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: all(not alive(pid) for pid in before.values()))
        mended: list[str] = []

        def both_mended() -> bool:
            mended.extend(servers.mend())
            return len(mended) == 2

        # The system shows a process as ended a moment before its last thread is gone and its end can be asked for.
        assert eventually(both_mended)
        assert sorted(mended) == ["PostgreSQL", "Valkey"]
        assert words(servers) == ["改进"]
        assert servers.mend() == []


def test_stopping_ends_both_servers_and_may_be_said_twice(seasoned: Path) -> None:
    servers = embedded.start(seasoned, fsync=False)
    running = list(servers.processes.values())
    servers.stop()
    servers.stop()
    assert not any(alive(pid) for pid in running)


@LINUX_ONLY
def test_servers_of_a_killed_program_stop_and_the_next_start_works(seasoned: Path) -> None:
    program = run_python(
        "import sys, time\nfrom pathlib import Path\nfrom opsboard import embedded\n"
        "servers = embedded.start(Path(sys.argv[1]), fsync=False)\nprint(*servers.processes.values())\ntime.sleep(600)",
        str(seasoned),
    )
    assert program.stdout is not None
    running = [int(pid) for pid in program.stdout.readline().split()]
    program.kill()
    program.communicate(timeout=20)
    assert len(running) == 2
    assert eventually(lambda: not any(alive(pid) for pid in running))
    with embedded.start(seasoned, fsync=False) as servers:
        assert words(servers) == ["改进"]


def test_a_pid_file_of_a_process_that_is_no_postgres_is_in_nobodys_way(seasoned: Path) -> None:
    (seasoned / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{seasoned}/postgres\n1\n1\n\n\n\n\n")
    with embedded.start(seasoned, fsync=False) as servers:
        assert words(servers) == ["改进"]


def test_a_second_start_on_the_same_data_says_where_the_first_one_is(seasoned: Path) -> None:
    with embedded.start(seasoned, fsync=False, note="http://localhost:8000") as servers:
        assert embedded.holder(seasoned) == f"process {os.getpid()}, http://localhost:8000"
        with pytest.raises(embedded.EmbeddedError, match=r"already runs .*localhost:8000.*Stop it with Ctrl-C"):
            embedded.start(seasoned, fsync=False)
        assert words(servers) == ["改进"]
    assert embedded.holder(seasoned) == ""


def test_a_broken_data_folder_gets_a_sentence_with_a_way_out(copied: Path) -> None:
    (copied / "postgres" / "global" / "pg_control").write_bytes(b"not what it was")
    with pytest.raises(embedded.EmbeddedError) as trouble:
        embedded.start(copied, fsync=False)
    said = str(trouble.value)
    assert "PostgreSQL can't open its data folder" in said
    assert f"mv {copied}/postgres {copied}/postgres.broken" in said
    assert "Traceback" not in said


def test_a_folder_that_is_no_database_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "holiday.jpg").write_text("a picture")
    with pytest.raises(embedded.EmbeddedError, match="PG_VERSION is missing"):
        embedded.start(folder, fsync=False)
    assert (folder / "postgres" / "holiday.jpg").read_text() == "a picture"


def test_data_of_an_older_postgres_are_named_as_such(copied: Path) -> None:
    (copied / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(embedded.EmbeddedError, match=r"made by PostgreSQL 15, and this is PostgreSQL 18.*pg_dump"):
        embedded.start(copied, fsync=False)


def test_a_password_file_of_another_installation_is_told(copied: Path) -> None:
    (copied / "postgres.password").write_text("something else")
    with pytest.raises(embedded.EmbeddedError, match="different installations"):
        embedded.start(copied, fsync=False)
    assert embedded.holder(copied) == ""


def test_an_interrupted_first_start_begins_again(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    with embedded.start(folder, fsync=False, valkey=False) as servers:
        assert servers.redis_url == ""
        assert list(servers.processes) == ["PostgreSQL"]
    assert not (folder / "postgres.new").exists()


def test_a_full_disk_is_told_before_anything_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(folder)._replace(free=1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(embedded.EmbeddedError, match=r"disk .* is full. Free some space"):
        embedded.start(folder, fsync=False)
    assert not (folder / "postgres").exists()


def test_a_disk_that_fills_up_meanwhile_is_told_too(seasoned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise OSError(28, "No space left on device", "embedded.new")

    monkeypatch.setattr(embedded, "_note_addresses", refuse)
    with pytest.raises(embedded.EmbeddedError, match="is full"):
        embedded.start(seasoned, fsync=False)
    assert embedded.holder(seasoned) == ""


def test_broken_waiting_jobs_are_told_with_a_way_out(folder: Path) -> None:
    kept = folder / "valkey" / "appendonlydir"
    kept.mkdir(parents=True)
    (kept / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(embedded.EmbeddedError, match=r"Valkey could not start.*\n.*holds waiting jobs only"):
        embedded.start(folder, postgres=False)


@AS_ROOT
def test_root_steps_down_for_postgres(seasoned: Path) -> None:
    with embedded.start(seasoned, fsync=False) as servers:
        owner = Path(f"/proc/{servers.processes['PostgreSQL']}").stat().st_uid
        assert owner != 0
        assert (seasoned / "postgres").stat().st_uid == owner


@AS_ROOT
def test_a_checkout_that_only_root_may_enter_keeps_its_rights(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seasoned: Path
) -> None:
    private, elsewhere = folder / "private", folder / "elsewhere"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(places, "ELSEWHERE", elsewhere)
    programs = places.postgres_programs()
    monkeypatch.setattr(places, "enterable", lambda path: elsewhere in path.parents)
    said: list[str] = []
    with embedded.start(private, fsync=False, valkey=False, say=said.append) as servers:
        ours = Path(f"/proc/{servers.processes['PostgreSQL']}/exe").readlink()
    assert private.stat().st_mode & 0o777 == 0o700
    assert elsewhere in ours.parents
    assert programs not in ours.parents
    assert len(list(elsewhere.glob("*/postgres/PG_VERSION"))) == 1
    assert "refuses to run as root" in said[0]
