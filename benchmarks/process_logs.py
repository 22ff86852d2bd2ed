"""Event logs of one and five million events: from CSV to the stored log, the whole map, paths, durations, filters; and XES.

Each engine runs in a process of its own, beside the same work in plain polars (or r4pm), so that both begin cold and
the memory of each is known.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from django.conf import settings
from django.core.cache import cache

from opsboard.core import imports
from opsboard.core.imports import Plan
from opsboard.core.models import Job, Membership, Role, User, Workspace
from processes import services
from processes.analysis import Filter
from processes.models import EventLog, Process

NAMES = ("log-import", "log-map", "log-variants", "log-durations", "log-filter", "xes-import")
SIZES = [int(one) for one in (os.environ.get("BENCH_EVENTS") or "1000000,5000000").split(",")]
XES_EVENTS = 561_000
PAGE_SECONDS = {1_000_000: 10, 5_000_000: 45}
FILTER_SECONDS = {1_000_000: 0.3, 5_000_000: 1.0}
R4PM = "r4pm==0.6.2"
COLUMNS = {"case": "case_id", "activity": "activity", "start": "start", "end": "end", "resource": "resource"}


def figures() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(dir=settings.VAR) as folder:
        for size in SIZES:
            yield from _sized(Path(folder), size)
        yield from _xes(Path(folder))


def _sized(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    csv, ours, floor = folder / "log.csv", folder / "ours.parquet", folder / "floor.parquet"
    write_csv(csv, size)
    name = f"{size // 1_000_000}m" if size >= 1_000_000 else str(size)
    peer, engine = _apart("floor_import", csv, floor), _apart("engine_import", csv, ours)
    yield {
        "name": f"log-import-{name}", "ours": engine["seconds"], "unit": f"s, {engine['mb']:.0f} MB at most",
        "beside": peer["seconds"], "beside_what": f"plain polars: read, sort, next, write; {peer['mb']:.0f} MB",
        "limit": 3 * peer["seconds"],
    }  # fmt: skip
    yield {"name": f"log-import-{name}-memory", "ours": engine["mb"], "unit": "MB at most", "limit": 1500}
    for figure in ("map", "variants", "durations"):
        beside, here = _apart(f"floor_{figure}", floor, floor), _apart(f"engine_{figure}", ours, ours)
        yield {
            "name": f"log-{figure}-{name}", "ours": here["seconds"], "unit": "s from the stored log",
            "beside": beside["seconds"], "beside_what": "the same in plain polars", "limit": 2 * beside["seconds"],
        }  # fmt: skip
    yield from _through_the_page(csv, size, name)


def _through_the_page(csv: Path, size: int, name: str) -> Iterator[dict[str, Any]]:
    """From the uploaded file to the log in the database, as the worker does it; then filters as a page asks them."""
    now = datetime.now(UTC)
    workspace = Workspace.objects.create(name="Bench logs", slug=f"bench-logs-{name}", timezone="Asia/Shanghai")
    anna = User.objects.create_user(username=f"bench-logs-{name}")
    Membership.objects.create(workspace=workspace, user=anna, role=Role.EDITOR)
    process = Process.objects.create(workspace=workspace, name="Bench", created_at=now)
    with csv.open("rb") as handle:
        run = imports.receive(
            services.LOGS, workspace=workspace, by=anna, file=handle, name="log.csv", size=csv.stat().st_size, now=now
        )
    plan = Plan(columns={role: (column,) for role, column in COLUMNS.items()}, settings={"process": process.pk})
    job = imports.start(services.LOGS, run=run, plan=plan, by=anna, now=now)
    begin = time.perf_counter()
    imports.carry_out(services.LOGS, job.pk)
    seconds = time.perf_counter() - begin
    job.refresh_from_db()
    if job.state != Job.State.DONE:
        raise RuntimeError(f"the import failed: {job.error}")
    yield {"name": f"log-import-page-{name}", "ours": seconds, "unit": "s from the upload to the log", "limit": PAGE_SECONDS.get(size)}  # fmt: skip
    log = EventLog.objects.select_related("file", "singles").get(pk=job.result["log"])
    taken = []
    for at in range(20):
        cache.clear()
        wanted = Filter(touched=(f"Activity {at % 6}",), longer=3600.0 * at, resources=(f"Person {at}",))
        begin = time.perf_counter()
        services.measure_map(log=log, wanted=wanted, steps=25)
        taken.append(time.perf_counter() - begin)
    yield {
        "name": f"log-filter-{name}", "ours": statistics.quantiles(taken, n=20)[-1], "unit": "s p95, map of a new filter",
        "limit": FILTER_SECONDS.get(size),
    }  # fmt: skip
    workspace.delete()
    anna.delete()


def _xes(folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / "log.xes"
    write_xes(path, XES_EVENTS)
    peer = _r4pm(path)
    here = _apart("engine_xes", path, path)
    yield {
        "name": "xes-import", "ours": here["seconds"], "unit": f"s, {XES_EVENTS:,} events, {here['mb']:.0f} MB at most",
        "beside": peer, "beside_what": f"{R4PM} to its frame", "limit": 2 * peer if peer else None,
    }  # fmt: skip


def _r4pm(path: Path) -> float | None:
    """The seconds of r4pm, in an environment that only benches have."""
    env = settings.VAR / "r4pm-env"
    try:
        if not env.exists():
            subprocess.run([sys.executable, "-m", "venv", str(env)], check=True, capture_output=True)
            pip = [str(env / "bin" / "pip"), "install", "-q", R4PM, f"polars=={pl.__version__}"]
            subprocess.run(pip, check=True, capture_output=True)
        code = "import r4pm, sys, time; t = time.perf_counter(); r4pm.df.import_xes(sys.argv[1]); print(time.perf_counter() - t)"
        command = [str(env / "bin" / "python"), "-c", code, str(path)]
        return min(float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(2))
    except (subprocess.CalledProcessError, OSError):
        return None


def _apart(what: str, path: Path, to: Path) -> dict[str, float]:
    """One piece of work in a process of its own: seconds (the best of three where it is short) and MB at most."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.process_work", what, str(path), str(to)], check=True, capture_output=True
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def write_csv(path: Path, size: int) -> None:
    """Cases of about seven steps that branch, jump and wait; rows in the order of their ends."""
    rng = np.random.default_rng(1)
    count = max(size // 7, 1)
    case = np.sort(rng.integers(0, count, size))
    begin = np.flatnonzero(np.diff(case, prepend=-1))
    length = np.diff(np.append(begin, size))
    place = np.arange(size) - np.repeat(begin, length)
    step = np.minimum(place + (rng.random(size) < 0.15) * rng.integers(1, 4, size), 23)
    passed = np.cumsum(rng.exponential(7200, size) + 60)
    end = (1.7e9 + rng.uniform(0, 365 * 86400, count)[case] + passed - np.repeat(passed[begin], length)).astype("int64")
    start = end - rng.exponential(600, size).astype("int64")
    frame = pl.DataFrame(
        {
            "case_id": pl.Series(case).cast(pl.String).str.zfill(7),
            "activity": pl.Series([f"Activity {one}" for one in range(24)]).gather(step),
            "start": pl.Series(start * 1_000_000).cast(pl.Datetime("us")),
            "end": pl.Series(end * 1_000_000).cast(pl.Datetime("us")),
            "resource": pl.Series([f"Person {one}" for one in range(60)]).gather(rng.integers(0, 60, size)),
        }
    ).sort("end", maintain_order=True)
    frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def write_xes(path: Path, size: int) -> None:
    """As process mining tools write it, with a few attributes each."""
    rng = np.random.default_rng(2)
    steps, at = rng.integers(0, 11, size).tolist(), 1_200_000_000
    text = io.StringIO()
    text.write(
        '<?xml version="1.0" encoding="UTF-8" ?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
    )
    for number, step in enumerate(steps):
        if number % 4 == 0:
            text.write("\t</trace>\n" if number else "")
            text.write(f'\t<trace>\n\t\t<string key="concept:name" value="A{number // 4}"/>\n')
        at += 3600
        moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+00:00")
        text.write(
            f'\t\t<event>\n\t\t\t<string key="concept:name" value="Step {step}"/>\n'
            f'\t\t\t<string key="lifecycle:transition" value="complete"/>\n\t\t\t<date key="time:timestamp" value="{moment}"/>\n'
            f'\t\t\t<string key="org:resource" value="{500 + step}"/>\n\t\t\t<float key="amount" value="{step * 7}.5"/>\n'
            f'\t\t\t<string key="article" value="{150 + step}"/>\n\t\t\t<string key="vehicleClass" value="A"/>\n\t\t</event>\n'
        )
    text.write("\t</trace>\n</log>\n")
    path.write_text(text.getvalue())
