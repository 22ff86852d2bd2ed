"""`manage.py up` as a person lives with it: the first start, accidents, Ctrl-C, the next start, a power cut."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsboard import embedded, up
from tests.ground.places import ROOT, alive, eventually, fresh_folder

pytestmark = [pytest.mark.waits, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
LEFT_OUT = {"DATABASE_URL", "REDIS_URL", "PORT", "SITE_URL", "EVENTS_URL", "SECRET_KEY"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        yield made


def start(folder: Path, port: int, **more: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    with (folder / "said").open("a") as said:
        return subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-demo", "--port", str(port)],
            cwd=ROOT,
            # DEBUG saves the compressing of the static files, which other tests look at
            env={**kept, "VAR": str(folder), "DEBUG": "1", "WEB_WORKERS": "1", "WORKERS": "1", **more},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            text=True,
        )


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def descendants(pid: int) -> dict[int, str]:
    """Every process below this one, with its command."""
    parents, commands = {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    found: dict[int, str] = {}
    row = {pid}
    while row:
        row = {child for child, parent in parents.items() if parent in row}
        found |= {child: commands.get(child, "") for child in row}
    return found


def one(pid: int, word: str) -> int:
    return next(child for child, command in sorted(descendants(pid).items()) if word in command)


def test_a_house_starts_mends_itself_stops_and_leaves_nobody(folder: Path) -> None:
    port = up.free_pair(28_100)
    home, said = f"http://localhost:{port}", folder / "said"

    house = start(folder, port)
    try:
        assert eventually(lambda: "Ready after" in said.read_text() or house.poll() is not None, 90)
        assert re.search(r"Sign in as admin@localhost with the password (\w{4}-){3}\w{4}\n", said.read_text())
        assert f"Open {home}\n" in said.read_text()
        assert status(f"{home}/accounts/login/") == 200
        assert eventually(lambda: status(f"http://localhost:{port + 1}/healthz") == 200, 60)
        assert eventually(lambda: status(f"{home}/readyz") == 200, 60)

        os.kill(one(house.pid, "granian"), signal.SIGKILL)
        assert eventually(lambda: "web was ended by SIGKILL; it starts again" in said.read_text())
        assert eventually(lambda: status(f"{home}/healthz") == 200, 60)

        os.kill(one(house.pid, "bin/postgres"), signal.SIGKILL)
        assert eventually(lambda: "PostgreSQL had stopped and runs again." in said.read_text(), 60)
        assert eventually(lambda: status(f"{home}/readyz") == 200, 60)

        everybody = list(descendants(house.pid))
        house.send_signal(signal.SIGINT)
        assert house.wait(60) == 0
        assert eventually(lambda: not any(alive(pid) for pid in everybody))
        assert said.read_text().endswith("PostgreSQL and Valkey have stopped; your data are kept.\n")
    finally:
        house.kill()

    said.unlink()
    house = start(folder, port)
    try:
        assert eventually(lambda: "Ready after" in said.read_text() or house.poll() is not None, 90)
        assert "Sign in as" not in said.read_text(), "the password is shown once"
        assert "tables" not in said.read_text(), "nothing changed, so nothing is prepared again"
        assert eventually(lambda: any("celery" in command for command in descendants(house.pid).values()))
        everybody = list(descendants(house.pid))
    finally:
        house.kill()
    assert eventually(lambda: not any(alive(pid) for pid in everybody), 30), "a killed supervisor leaves no orphans"


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not on the PATH")
def test_a_house_runs_on_the_redis_that_it_was_given(folder: Path) -> None:
    port, redis_port, said = up.free_pair(28_300), embedded.free_port(), folder / "said"
    redis = subprocess.Popen(
        ["redis-server", "--port", str(redis_port), "--save", "", "--requirepass", "of our own", "--dir", "/"],
        stdout=subprocess.DEVNULL,
    )
    try:
        house = start(folder, port, REDIS_URL=f"redis://:of%20our%20own@127.0.0.1:{redis_port}/3")
        try:
            assert eventually(lambda: "Ready after" in said.read_text() or house.poll() is not None, 90)
            assert "Starting PostgreSQL.\n" in said.read_text(), "no Valkey beside it"
            assert not any("valkey-server" in command for command in descendants(house.pid).values())
            assert eventually(lambda: status(f"http://localhost:{port}/readyz") == 200, 60)
            house.send_signal(signal.SIGINT)
            assert house.wait(60) == 0
        finally:
            house.kill()
    finally:
        redis.kill()
        redis.wait()
