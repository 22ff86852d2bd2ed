"""Programs ask for limits, drivers and proofs."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from metrics import services
from metrics.services import Given
from opsboard.core.models import Role, User, Workspace
from tests.core.test_proof import NILE
from tests.metrics.movements import by_batch, complaints, midnight
from tests.metrics.test_api import post, program

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(workspace: Workspace, anna: User, now: datetime) -> Client:
    return program(workspace, anna, Role.VIEWER, now)


def asked(client: Client, path: str, **query: str) -> Any:
    return client.get(f"/api/v1/north-plant/{path}", query)


def test_each_number_is_judged_by_the_chart_that_fits_it(workspace: Workspace, anna: User, api: Client) -> None:
    now, rng = timezone.now(), np.random.default_rng(5)
    today = midnight(workspace, now)
    kinds: dict[str, dict[str, Any]] = {
        "faults": {"aggregation": "sum"}, "returns": {"aggregation": "ratio"},
        "per-bolt": {"aggregation": "ratio", "unit": "per bolt"}, "minutes": {"aggregation": "mean"},
    }  # fmt: skip
    for key, kind in kinds.items():
        metric = services.create_metric(workspace=workspace, by=anna, now=now, name=key, key=key, **kind)
        points = []
        for back in range(60, 0, -1):
            size = float(rng.integers(80, 120))
            value = {
                "faults": float(rng.poisson(6)) + (30 if back == 1 else 0),
                "returns": (float(rng.binomial(int(size), 0.1)) + (40 if back == 1 else 0)) / size,
                "per-bolt": (float(rng.poisson(2 * size)) + (200 if back == 1 else 0)) / size,
                "minutes": float(rng.normal(5, 1)) + (0 if back > 20 else 2),
            }[key]
            points.append(Given(today - timedelta(days=back), value, 1 if key == "faults" else size))
        services.write_points(metric=metric, points=points, by=anna, now=now)
    yesterday = (today - timedelta(days=1)).timestamp()
    for key, method in (("faults", "c"), ("returns", "p"), ("per-bolt", "u")):
        told = asked(api, f"metrics/{key}/analysis").json()
        fit = ["p", "np"] if method == "p" else [method]
        assert (told["method"], told["reason"], told["offered"]) == (method, "chance", ["xmr", *fit, "ewma", "cusum"])
        assert told["lower"] < told["center"] < told["upper"]
        assert [datetime.fromisoformat(one["at"]).timestamp() for one in told["signals"] if one["rule"] == 1] == [
            yesterday
        ]
    plain = asked(api, "metrics/minutes/analysis").json()
    assert (plain["method"], plain["reason"]) == ("xmr", "any")
    (level,) = plain["changes"]
    assert level["after"] - level["before"] == pytest.approx(2, abs=0.8)
    share, cases = (asked(api, "metrics/returns/analysis", chart=chart).json() for chart in ("p", "np"))
    assert (cases["method"], cases["reason"], cases["signals"]) == ("np", "chosen", share["signals"])
    sizes = {cases[limit] / share[limit] for limit in ("center", "upper")}  # all of the last sample's size
    assert max(sizes) == pytest.approx(min(sizes))
    assert 80 <= min(sizes) < 120
    for chart in ("ewma", "cusum"):
        told = asked(api, "metrics/minutes/analysis", chart=chart).json()
        assert (told["method"], told["reason"]) == (chart, "chosen")
        assert {one["rule"] for one in told["signals"]} == {-1}
    short = asked(api, "metrics/minutes/analysis", **{"from": (today - timedelta(days=5)).isoformat()}).json()
    assert (short["method"], short["center"], short["signals"]) == ("none", None, [])
    for query in ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, {"from": "soon"}, {"chart": "pie"}):
        assert asked(api, "metrics/minutes/analysis", **query).status_code == 422, query
    assert asked(api, "metrics/nobody/analysis").status_code == 404


def test_drivers_are_ranked_for_a_moment_or_a_period(workspace: Workspace, anna: User, api: Client) -> None:
    now = timezone.now()
    today = midnight(workspace, now)
    complaints(workspace, now, anna, by_batch(today, bad=range(1, 3)))
    day, end = today - timedelta(days=2), today
    span = {"from": day.isoformat(), "to": end.isoformat()}
    own = {"from": (day - timedelta(days=20)).isoformat(), "to": day.isoformat()}
    for question in (
        {"at": (day + timedelta(hours=5)).isoformat()}, {"period": span}, {"period": span, "baseline": "week"},
        {"period": span, "baseline": "usual"}, {"period": span, "baseline": own},
    ):  # fmt: skip
        told = post(api, "metrics/complaints/drivers", question).json()
        first = told["drivers"][0]
        assert (first["labels"], first["also"]) == ({"batch": "B17"}, []), question
        assert first["confidence"] > 0.5
        assert first["share"] == pytest.approx(
            (first["actual"] - first["expected"]) / (told["actual"] - told["expected"])
        )
    early = {"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"}
    nothing = post(api, "metrics/complaints/drivers", {"period": early}).json()
    assert nothing == {"actual": None, "expected": None, "drivers": []}
    for wrong in (
        {}, {"at": day.isoformat(), "period": span}, {"period": {"from": end.isoformat(), "to": day.isoformat()}},
        {"period": {"from": "1910-01-01T00:00:00Z", "to": end.isoformat()}}, {"at": "1066-10-14T09:00:00Z"},
        {"at": day.isoformat(), "baseline": "even"},
    ):  # fmt: skip
        assert post(api, "metrics/complaints/drivers", wrong).status_code == 422, wrong
    assert post(api, "metrics/nobody/drivers", {"period": span}).status_code == 404


def proven(client: Client, **content: Any) -> dict[str, Any]:
    answer = post(client, "proofs", content)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def yearly(values: Sequence[float], start: int = 1971) -> list[dict[str, Any]]:
    return [{"at": f"{start + place}-01-01", "value": value} for place, value in enumerate(values)]


def test_points_that_are_sent_along_are_proven(workspace: Workspace, anna: User, api: Client) -> None:
    nile = {"points": yearly(NILE), "changed_on": "1999-01-01"}
    found = proven(api, **nile, direction="down")
    assert (found["verdict"], found["n_before"], found["n_after"]) == ("moved", 28, 17)
    assert found["interval"][0] < found["effect"] < found["interval"][1] < 0
    assert found["effect"] == pytest.approx(-248, abs=60)
    assert proven(api, **nile, direction="up")["verdict"] == "wrong_way"
    assert proven(api, **nile, direction="down", scope="changed")["reasons"] == ["scope"]
    assert (
        proven(api, **nile, direction="down", control=yearly([value + 100 for value in NILE]))["verdict"] == "no_signal"
    )
    early = proven(api, points=yearly(NILE), changed_on="1973-01-01", direction="down")
    assert (early["verdict"], early["reasons"], early["effect"]) == ("not_comparable", ["too_few"], None)

    # The same of an indicator of the house, which knows its own direction.
    now = timezone.now()
    today = midnight(workspace, now)
    story = by_batch(today, bad=range(22, 61))
    metric = complaints(workspace, now, anna, story)
    changed = (today - timedelta(days=21)).date()
    told = proven(api, indicator=metric.indicator, changed_on=changed.isoformat())
    assert (told["verdict"], told["n_before"], told["n_after"]) == ("moved", 39, 21)
    assert told["relative_interval"][0] < -0.43 < told["relative_interval"][1]
    for wrong in (
        {}, {"points": [], "indicator": "x", "changed_on": "1999-01-01"}, {**nile, "changed_on": "1066-10-14"},
        {"indicator": "metrics.value:nobody", "changed_on": "2026-01-01"}, {**nile, "direction": "sideways"},
        {**nile, "points": [{"at": "1999-01-01", "value": "NaN"}]},
    ):  # fmt: skip
        assert post(api, "proofs", wrong).status_code == 422, wrong


def monthly(values: Sequence[float], weights: Sequence[float] = ()) -> list[dict[str, Any]]:
    days = [date(1990 + place // 12, place % 12 + 1, 1).isoformat() for place in range(len(values))]
    points = [{"at": day, "value": value} for day, value in zip(days, values, strict=True)]
    return [{**one, "weight": weight} for one, weight in zip(points, weights, strict=True)] if weights else points


def month(place: int) -> str:
    return str(monthly([0.0] * (place + 1))[-1]["at"])


def test_published_cases_come_back_as_they_were_judged(shared: Path, api: Client) -> None:
    def rows(name: str) -> list[Mapping[str, str]]:
        with (shared / "data" / "reviews" / name).open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    answers = json.loads((shared / "data" / "reviews" / "expected.json").read_text())
    infections = [float(row["n"]) for row in rows("cdi.csv")]
    found = proven(api, points=monthly(infections), changed_on=month(24), direction="down", grain="month")
    assert found["verdict"] == answers["cdi"]["verdict"]
    assert found["relative"] == pytest.approx(answers["cdi"]["computed"]["relative_change_pct"] / 100, abs=0.005)

    merged = rows("ae_rrk.csv")
    breaches, attendances = ([float(one[key]) for one in merged] for key in ("breaches", "attendances"))
    found = proven(api, points=monthly(breaches, attendances), changed_on=month(27), direction="down")
    assert (found["verdict"], found["reasons"]) == ("not_comparable", ["scope"])

    law = rows("seatbelts.csv")
    start = [one["law"] for one in law].index("1")
    for column, key in (("drivers", "drivers"), ("front", "front"), ("rear", "rear")):
        values = [float(one[column]) for one in law]
        found = proven(api, points=monthly(values), changed_on=month(start), direction="down", grain="month")
        assert found["verdict"] == answers["seatbelts"]["verdict"].get(key, "moved").replace(" ", "_"), column

    states: dict[str, list[float]] = {}
    for one in sorted(rows("organ_donations.csv"), key=lambda one: one["Quarter"][2:] + one["Quarter"][:2]):
        states.setdefault(one["State"], []).append(float(one["Rate"]))
    california = states.pop("California")
    others = [sum(each) / len(each) for each in zip(*states.values(), strict=True)]
    found = proven(api, points=yearly(california), control=yearly(others), changed_on="1974-01-01", direction="up")
    assert found["verdict"] == "wrong_way"
    assert found["effect"] == pytest.approx(answers["organ_donations"]["computed"]["did"], abs=1e-6)
