"""Predictions: a run of ten thousand cases with people and hours, thirty runs, and the first answer, beside Prosimos."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from django.conf import settings

from processes.analysis import bpmn
from processes.analysis.simulation import Move, drawn_map, fit, predict, read_events
from processes.analysis.simulation.engine import draw, program, run

NAMES = ("simulate", "simulate-30", "simulate-first")
PROSIMOS = "prosimos==2.1.0"
CASES = 10_000
HERE = Path(__file__).resolve().parent.parent.parent / "shared/data/processes/what-if"
NAME = "loan-application-5-timers"


def figures() -> Iterator[dict[str, Any]]:
    if not HERE.is_dir():
        return
    names = {"case_id": "case"}
    moments = [pl.col(name).str.to_datetime(time_zone="UTC", time_unit="us") for name in ("start", "end")]
    rows = pl.read_csv(HERE / f"{NAME}.as-is.csv.gz").rename(names).with_columns(moments)
    xml = (HERE / f"{NAME}.bpmn").read_bytes()

    def first_answer() -> None:
        model = fit(read_events(rows), drawn_map(bpmn.read(xml)))
        predict(model, [Move("resource", role="Appraiser", change=1)], cases=1000, replications=3)

    laid = program(fit(read_events(rows), drawn_map(bpmn.read(xml))))
    steps = int(laid.size[draw(laid, CASES, 1).shape].sum())
    prosimos = _prosimos()
    plain = _best(lambda: _plain_heap(steps))
    yield {
        "name": "simulate", "ours": _best(lambda: run(laid, draw(laid, CASES, 1))),
        "unit": f"s, {CASES:,} cases ({steps:,} steps) with people and hours; a plain heap without them {plain:.2f} s",
        "beside": prosimos, "beside_what": PROSIMOS, "limit": 0.5,
    }  # fmt: skip
    begin = time.perf_counter()
    for number in range(30):
        run(laid, draw(laid, CASES, number))
    yield {
        "name": "simulate-30", "ours": time.perf_counter() - begin, "unit": f"s, 30 runs of {CASES:,} cases",
        "beside": prosimos * 30 if prosimos else None, "beside_what": f"30 × {PROSIMOS}", "limit": 10.0,
    }  # fmt: skip
    yield {
        "name": "simulate-first", "ours": _best(first_answer), "limit": 1.0,
        "unit": "s, a log of 1,000 cases read, learnt, and a change simulated for the first time",
    }  # fmt: skip


def _best(work: Callable[[], Any], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def _plain_heap(steps: int) -> None:
    """The least that a simulation does: moments in and out of a heap."""
    lengths = np.random.default_rng(1).exponential(1, steps).tolist()
    heap = [(length, number) for number, length in enumerate(lengths[:1000])]
    heap.sort()
    for number, length in enumerate(lengths):
        moment, _ = heappop(heap)
        heappush(heap, (moment + length, number))


def _prosimos() -> float | None:
    """The seconds of Prosimos, in an environment that only benches have."""
    code = (
        "import sys, time; from prosimos.simulation_engine import run_simulation; t = time.perf_counter(); "
        "run_simulation(sys.argv[1], sys.argv[2], int(sys.argv[3]), stat_out_path=None, log_out_path=sys.argv[4], "
        "starting_at='2023-01-02 09:00:00.000000+00:00'); print(time.perf_counter() - t)"
    )
    try:
        python = _environment(settings.VAR / "prosimos-env")
        if python is None:
            return None
        command = [
            str(python), "-W", "ignore", "-c", code, str(HERE / f"{NAME}.bpmn"),
            str(HERE / f"{NAME}.json"), str(CASES), str(settings.VAR / "prosimos.csv"),
        ]  # fmt: skip
        return float(subprocess.run(command, check=True, capture_output=True).stdout.splitlines()[-1])
    except (subprocess.CalledProcessError, OSError, ValueError, IndexError):
        return None


def _environment(env: Path) -> Path | None:
    """With the first Python that it can be installed for: it does not know the newest."""
    python = env / "bin" / "python"
    if (env / "ready").exists():
        return python
    for found in (sys.executable, *map(shutil.which, ("python3.12", "python3.11", "python3.10", "python3"))):
        if found is None:
            continue
        shutil.rmtree(env, ignore_errors=True)
        try:
            subprocess.run([found, "-m", "venv", str(env)], check=True, capture_output=True)
            subprocess.run([str(env / "bin" / "pip"), "install", "-q", PROSIMOS], check=True, capture_output=True)
            (env / "ready").touch()
        except (subprocess.CalledProcessError, OSError):
            continue
        return python
    return None
