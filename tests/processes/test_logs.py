"""Every log of the shared data gives the facts that other tools computed: counts exactly, seconds to a hundredth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opsboard.core.uploads import Limits, read_columns, read_table
from processes.analysis import facts, logs

HERE = "data/processes"
WORDS = {"case": "case_id", "activity": "activity", "resource": "resource"}
STARTED = {**WORDS, "start": "start", "end": "end"}
TIMED = {**WORDS, "start": "start_time", "end": "end_time"}
ORDERS = {"case": "case_id", "activity": "activity", "end": "timestamp", "resource": "org:resource"}
# file, its columns by role, the file with the truth
LOGS: list[tuple[str, dict[str, str], str]] = [
    ("running-example.csv", {"case": "case:concept:name", "activity": "concept:name", "end": "time:timestamp", "resource": "org:resource"}, "running-example"),
    ("running-example-semicolon.csv", ORDERS, "running-example"),
    ("running-example.xlsx", {"case": "Case ID", "activity": "Activity", "end": "Timestamp", "resource": "Resource"}, "running-example"),
    ("purchasing-example.csv.gz", TIMED, "purchasing-example"),
    ("consulta-data-mining.csv.gz", {"case": "case:concept:name", "activity": "concept:name", "start": "start_timestamp", "end": "time:timestamp", "resource": "org:resource"}, "consulta-data-mining"),
    ("callcenter-example.csv", {"case": "Service ID", "activity": "Operation", "start": "Start Date", "end": "End Date", "resource": "Agent"}, "callcenter-example"),
    ("patients.csv", STARTED, "patients"),
    ("patients-lifecycle.csv", {"case": "patient", "activity": "handling", "end": "time", "resource": "employee", "lifecycle": "registration_type", "event": "handling_id"}, "patients"),
    ("patients-lifecycle.csv", {"case": "patient", "activity": "handling", "end": "time", "resource": "employee", "lifecycle": "registration_type"}, "patients"),
    ("traffic-fines-10k.csv", {**WORDS, "end": "timestamp", "lifecycle": "lifecycle"}, "traffic-fines-10k"),
    ("what-if/loan-application-5-timers.as-is.csv.gz", STARTED, "what-if/loan-application-5-timers.as-is"),
]  # fmt: skip


def log_of(path: Path, roles: dict[str, str], tz: str = "UTC") -> logs.Log:
    table = read_table(path, filename=path.name, limits=Limits())
    kinds: Any = {column: "moment" if role in ("start", "end") else "text" for role, column in roles.items()}
    columns = read_columns(table, kinds, tz=tz, date_order="dmy" if "callcenter" in path.name else None)
    assert columns.ok, columns.complaints
    return logs.log_from(columns.frame.rename({column: role for role, column in roles.items()}), columns.rows)


def differences(ours: Any, truth: Any, place: str = "") -> list[str]:
    """Where ours says something else than the truth, which may say less."""
    if isinstance(truth, dict):
        return [
            line for name, value in truth.items() if name not in ("note", "independent_check")
            for line in ([f"{place}.{name} is missing"] if name not in ours else differences(ours[name], value, f"{place}.{name}"))
        ]  # fmt: skip
    if isinstance(truth, list) and truth and "from" in truth[0]:
        by_arc = [{(one["from"], one["to"]): one for one in arcs} for arcs in (ours, truth)]
        if set(by_arc[0]) != set(by_arc[1]):
            return [f"{place} has other arcs: {set(by_arc[0]) ^ set(by_arc[1])}"]
        return [line for arc, one in by_arc[1].items() for line in differences(by_arc[0][arc], one, f"{place}.{arc}")]
    if isinstance(truth, list):
        same = len(ours) == len(truth) and not any(differences(a, b) for a, b in zip(ours, truth, strict=True))
        return [] if same else [f"{place}: {ours} is not {truth}"]
    if isinstance(truth, float):
        near = 2e-6 if "efficiency" in place else 0.0101
        return [] if abs(ours - truth) <= near else [f"{place}: {ours} is not {truth}"]
    return [] if str(ours) == str(truth) else [f"{place}: {ours} is not {truth}"]


@pytest.mark.parametrize(("name", "roles", "truth"), LOGS, ids=[f"{one[0]}-{len(one[1])}" for one in LOGS])
def test_a_log_has_the_facts_that_other_tools_computed(
    shared: Path, tmp_path: Path, name: str, roles: dict[str, str], truth: str
) -> None:
    local = name.endswith(".xlsx")  # its times are local, without an offset
    log = log_of(shared / HERE / name, roles, "Europe/Berlin" if local else "UTC")
    assert not log.trouble
    logs.write(log.steps, tmp_path / "log.parquet")
    told = facts.facts_of(logs.read(tmp_path / "log.parquet"))
    expected = json.loads((shared / HERE / f"{truth}.truth.json").read_text())["all_events"]
    assert not differences(told, expected)
