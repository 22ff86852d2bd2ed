"""A map of 120 steps and 320 arcs, laid out and drawn."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from opsboard.core.lazy import networkx as nx
from processes.charts import Flow, Step, draw_map

NAMES = ("process-map-drawn",)
STEPS, ARCS = 120, 320


def figures() -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    names = [f"Step number {number}" for number in range(STEPS)]
    pairs = {(number, number + 1) for number in range(STEPS - 1)}
    while len(pairs) < ARCS:
        source = chance.randrange(STEPS)
        pairs.add((source, min(STEPS - 1, max(0, source + chance.randint(-8, 12)))))
    steps = [Step(name, f"{chance.randint(1, 9_999):,}", chance.random(), "?step") for name in names]
    flows = [Flow(names[a], names[b], f"{a * b:,}", chance.random(), 1.0 + a * b, "?arc") for a, b in sorted(pairs)]
    flows += [Flow(None, names[0], "1"), Flow(names[-1], None, "1")]
    graph = nx.DiGraph((a, b) for a, b in pairs)
    yield {
        "name": "process-map-drawn", "ours": _median(lambda: draw_map(steps, flows, title="Map", desc="")),
        "unit": f"s, {STEPS} steps, {len(flows)} arcs, laid out and drawn",
        "beside": _median(lambda: nx.kamada_kawai_layout(graph)),
        "beside_what": "places alone by networkx (Kamada and Kawai), without layers, routes or a drawing", "limit": 1.0,
    }  # fmt: skip


def _median(call: Any, rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
