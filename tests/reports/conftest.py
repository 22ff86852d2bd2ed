"""A house with four sections: one tells, one is silent, one fails, one is only for a team."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsboard.core import charts, registry
from opsboard.core.access import Viewer
from opsboard.core.charts import Series
from opsboard.core.contract import Section
from opsboard.core.periods import Period

TEMPLATE = """<section class="card"><h2>{{ section.title }}</h2><h3>{{ words }}</h3><p>{{ medium }} {{ period.slug }}</p>{{ chart }}
<table><thead><tr><th scope="col">Process</th><th scope="col">Now</th></tr></thead>
<tbody><tr><th scope="row">退货入库</th><td>214</td></tr></tbody></table><form><button>Press</button></form></section>"""


def tells(viewer: Viewer, period: Period) -> Mapping[str, Any]:
    points = [(period.start + timedelta(days=day), float(day * day)) for day in range(7)]
    return {"words": "订单处理时长", "chart": charts.line([Series("x", points)], title="Cycle time", tz=period.tz)}


def silent(viewer: Viewer, period: Period) -> None:
    return None


def fails(viewer: Viewer, period: Period) -> Mapping[str, Any]:
    raise RuntimeError("the ledger is on fire")


def secret(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    """What only a team sees, as `.visible_to` would decide."""
    return (
        {"words": f"secret of {sorted(viewer.team_ids or [])}"} if viewer.team_ids is None or viewer.team_ids else None
    )


@pytest.fixture
def sections(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Section]:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "told.html").write_text(TEMPLATE)
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], tmp_path]}]
    found = [
        Section("metrics.week", "Metrics", "reports/told.html", tells, order=1),
        Section("work.week", "Actions", "reports/told.html", silent, order=2),
        Section("costs.week", "Costs", "reports/told.html", fails, order=3),
        Section("risks.week", "Risks", "reports/told.html", secret, order=4),
    ]
    monkeypatch.setattr(registry, "sections", lambda viewer=None: found)
    return found
