"""`manage.py up` and the commands beside it say what is wrong, in a sentence."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from opsboard import embedded, up
from tests.ground.places import ROOT, fresh_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        yield made


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "PORT"}}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_taken_port_names_a_free_one(folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        done = manage("up", "--port", str(port), VAR=str(folder))
    assert done.returncode == 1
    assert f"opsboard: Port {port} (pages) is taken by another program. Choose another: make run PORT=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "postgres").exists(), "nothing is started for nothing"


def test_the_port_of_the_live_events_is_looked_at_too() -> None:
    port = up.free_pair(27_000)
    with closing(socket.create_server(("127.0.0.1", port + 1))):
        with pytest.raises(up.UpError, match=rf"Port {port + 1} \(live events, the one after PORT={port}\)"):
            up.check_port("127.0.0.1", port, 9000)


@pytest.mark.parametrize("port", ["", "eighty", "0", "65535", "-1", "８０００", "8000.5"])
def test_a_port_that_is_none_is_told(port: str) -> None:
    with pytest.raises(up.UpError, match="PORT must be a number from 1 to 65534"):
        up.port_of(port)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(up.UpError, match=r"can't listen on 192\.0\.2\.1"):
        up.check_port("192.0.2.1", embedded.free_port(), 9000)


def test_a_second_start_says_where_the_first_one_is(folder: Path) -> None:
    with embedded._locked(folder, "http://localhost:8123"):
        done = manage("up", "--port", str(up.free_pair(28_000)), VAR=str(folder))
    assert done.returncode == 1
    assert f"opsboard: Opsboard already runs here (process {os.getpid()}, http://localhost:8123)." in done.stderr


def test_a_broken_data_folder_ends_the_start_with_a_sentence(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "letter.txt").write_text("not a database")
    done = manage("up", "--port", str(up.free_pair(28_000)), VAR=str(folder))
    assert done.returncode == 1
    assert "opsboard: PostgreSQL can't open its data folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_without_a_server_say_how_to_start_one(folder: Path) -> None:
    done = manage("migrate", VAR=str(folder), SECRET_KEY="only for this test")
    assert done.returncode == 1
    assert done.stderr.endswith("set DATABASE_URL and REDIS_URL to servers of your own.\n")
    assert "Start everything with `make run`" in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_with_a_silent_server_name_the_setting(folder: Path) -> None:
    url = f"postgres://nobody@127.0.0.1:{embedded.free_port()}/nothing"
    done = manage("migrate", VAR=str(folder), SECRET_KEY="only for this test", DATABASE_URL=url)
    assert done.returncode == 1
    assert "opsboard: the server in DATABASE_URL doesn't answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_first_page_is_known_to_answer_only_when_it_does() -> None:
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            return

    port = embedded.free_port()
    assert not up.page_answers("127.0.0.1", port)
    server = http.server.HTTPServer(("127.0.0.1", port), Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert up.page_answers("0.0.0.0", port)
    server.shutdown()
    server.server_close()


def test_the_workers_wait_for_the_first_page() -> None:
    answers: list[bool] = []
    children = {child.name: child for child in up.children("127.0.0.1", 8000, Path("var"), lambda: bool(answers))}
    waiting = {name for name, child in children.items() if child.after and not child.after()}
    assert waiting == {"events", "worker", "pdf", "beat"}


def test_pdfs_are_printed_one_at_a_time_by_processes_that_are_used_once() -> None:
    children = {
        child.name: " ".join(child.command) for child in up.children("127.0.0.1", 8000, Path("var"), lambda: True)
    }
    assert "-Q pdf --concurrency 1 --max-tasks-per-child 1" in children["pdf"]
    assert "-Q default" in children["worker"]


def preparation(calls: list[bool]) -> Callable[[embedded.Say, bool], dict[str, str]]:
    def prepare(say: embedded.Say, demo: bool) -> dict[str, str]:
        calls.append(demo)
        return {"email": "admin@localhost"}

    return prepare


def test_the_preparation_is_skipped_only_while_nothing_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    state = {"now": "as it was"}
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere")
    monkeypatch.setattr(up, "_state", lambda url: state["now"])
    monkeypatch.setattr(up, "prepare", preparation(calls))
    assert up.prepare_if_needed(embedded.quiet, True, folder) == {"email": "admin@localhost"}
    assert up.prepare_if_needed(embedded.quiet, True, folder) == {}
    state["now"] = "a new migration"
    up.prepare_if_needed(embedded.quiet, True, folder)
    assert calls == [True, True]


def test_a_database_that_was_never_prepared_is_never_taken_for_prepared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []
    monkeypatch.setenv("DATABASE_URL", f"postgres://nobody@127.0.0.1:{embedded.free_port()}/nothing")
    monkeypatch.setattr(up, "prepare", preparation(calls))
    for _ in range(2):
        up.prepare_if_needed(embedded.quiet, True, folder)
    assert calls == [True, True]


def test_sigterm_before_the_first_page_still_stops_the_servers(folder: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-u", "manage.py", "up", "--no-demo", "--port", str(up.free_pair(28_000))],
        cwd=ROOT,
        env={**{n: v for n, v in os.environ.items() if n not in {"DATABASE_URL", "REDIS_URL"}}, "VAR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not (folder / "embedded.json").exists():
        assert program.poll() is None
        time.sleep(0.01)
    program.send_signal(signal.SIGTERM)
    said, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert "PostgreSQL and Valkey have stopped" in said
    assert "Traceback" not in said
    assert embedded.holder(folder) == ""
