"""The supervisor keeps its children running, ends them in order, and leaves nobody behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opsboard.supervisor import Speaker
from tests.ground.places import alive, eventually, run_python

HOUSE = """
import sys
from opsboard.supervisor import Child, Speaker, Supervisor
children = [{children}]
Supervisor(children, speaker=Speaker(["opsboard", *(child.name for child in children)])).run()
print("the end")
"""
NOTES = "import os, sys, time; open(sys.argv[1], 'a').write(str(os.getpid()) + chr(10)); "
SLEEPER = NOTES + "time.sleep(600)"
PARENT = NOTES + (
    "import subprocess; one = subprocess.Popen(['sleep', '600']); "
    "open(sys.argv[1], 'a').write(str(one.pid) + chr(10)); time.sleep(600)"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER


def child(name: str, program: str, note: Path, **more: float) -> str:
    given = "".join(f", {key}={value!r}" for key, value in more.items())
    return f"Child({name!r}, [sys.executable, '-c', {program!r}, {str(note)!r}]{given})"


def start(*children: str) -> subprocess.Popen[str]:
    return run_python(HOUSE.format(children=", ".join(children)), NO_COLOR="1")


def pids(note: Path, count: int) -> list[int]:
    assert eventually(lambda: note.exists() and note.read_text().count("\n") >= count), "the children did not start"
    return [int(line) for line in note.read_text().split()]


def test_a_killed_child_starts_again_and_the_reason_is_told(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    house = start(child("web", SLEEPER, note))
    (first,) = pids(note, 1)
    os.kill(first, signal.SIGKILL)
    second = pids(note, 2)[1]
    house.send_signal(signal.SIGTERM)
    said, _ = house.communicate(timeout=20)
    assert second != first
    assert not alive(second)
    assert "web was ended by SIGKILL; it starts again in 0.5 s." in said
    assert house.returncode == 0


def test_each_failure_in_a_row_waits_twice_as_long(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    house = start(child("beat", NOTES + "sys.exit(3)", note))
    pids(note, 3)
    house.send_signal(signal.SIGINT)
    said, _ = house.communicate(timeout=20)
    delays = re.findall(r"beat ended by itself \(exit status 3\); it starts again in ([\d.]+) s", said)
    assert delays[:2] == ["0.5", "1"]


def test_a_program_that_does_not_exist_is_told_and_the_others_run(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    house = start("Child('ghost', ['/no/such/program'])", child("web", SLEEPER, note))
    pids(note, 1)
    house.send_signal(signal.SIGTERM)
    said, _ = house.communicate(timeout=20)
    assert "ghost can't be started: No such file or directory" in said


def test_the_end_takes_grandchildren_along(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    house = start(child("worker", PARENT, note))
    everybody = pids(note, 2)
    house.send_signal(signal.SIGTERM)
    said, _ = house.communicate(timeout=20)
    assert eventually(lambda: not any(alive(pid) for pid in everybody))
    assert said.endswith("the end\n")


def test_a_child_that_will_not_stop_is_ended_after_its_patience(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    house = start(child("worker", STUBBORN, note, patience=0.5))
    (stubborn,) = pids(note, 1)
    house.send_signal(signal.SIGTERM)
    said, _ = house.communicate(timeout=20)
    assert not alive(stubborn)
    assert "worker is still busy and is ended now" in said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    house = start(child("web", SLEEPER, note), child("beat", SLEEPER, note))
    children = pids(note, 2)
    house.kill()
    house.communicate(timeout=20)
    assert eventually(lambda: not any(alive(pid) for pid in children))


def test_lines_carry_the_name_of_their_child_and_half_lines_are_not_lost(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    program = NOTES + "print('one'); print('two'); print('half a line', end='', flush=True); time.sleep(600)"
    house = start(child("web", program, note))
    pids(note, 1)
    house.send_signal(signal.SIGTERM)
    said, _ = house.communicate(timeout=20)
    assert re.search(r"^web +\| half a line$", said, re.MULTILINE)
    assert [line.split("|")[0].strip() for line in said.splitlines() if "|" in line] == ["web", "web", "web"]


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Speaker(["web"], sys.stdout)("web", "hello")
    monkeypatch.setenv("NO_COLOR", "1")
    Speaker(["web"], sys.stdout)("web", "hello")
    coloured, plain = capsys.readouterr().out.splitlines()
    assert coloured == "\x1b[36mweb |\x1b[0m hello"
    assert plain == "web | hello"
