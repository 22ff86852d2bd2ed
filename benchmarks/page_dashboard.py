"""A dashboard of twenty cards over ten million points, before sixteen people at once; and a look with nothing new."""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from benchmarks.serving import Ask, Server, at_once, line_to, p95, server
from metrics import services, views
from metrics.models import Dashboard, Metric, Tile, TileKind
from metrics.services import Given, writing
from opsboard.core.access import person_in
from opsboard.core.management.commands.prepare import NOT_FOR_BROWSERS
from opsboard.core.models import Role, User, Workspace
from opsboard.core.services import add_member, create_admin, create_workspace

NAMES = ("page-dashboard", "page-dashboard-work", "page-dashboard-not-modified")
PEOPLE, VISITS, ROUNDS, REFRESHES = 16, 4, 4, 2
CHANNELS = ("shop", "web", "app", "phone")
DAYS = int(os.environ.get("BENCH_DAYS") or 434)  # of minutes, four channels, four metrics: ten million points
PART = {"HX-Request": "true", "HX-Source": "div#board"}
MARK = re.compile(rb'"If-None-Match": "\\"(\w+)')


def figures() -> Iterator[dict[str, Any]]:
    _collect_static_files()
    workspace = create_workspace(name="Bench board", slug="bench-dashboard")
    admin = create_admin(email="bench-dashboard@north.example", password="a long enough password")
    add_member(workspace=workspace, user=admin, role=Role.ADMIN)
    now = timezone.now().replace(second=0, microsecond=0)
    metrics, points = _metrics(workspace, now)
    row = services.create_dashboard(
        workspace=workspace, by=admin, now=now, name="Twenty cards", span="30d", tiles=_tiles(metrics)
    )
    client = Client()
    client.force_login(admin, backend=settings.AUTHENTICATION_BACKENDS[0])
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}
    with server("benchmarks.bare:application", "--factory") as web:
        bare, bare_work, _asked = _people(web, "/", cookie, lambda: None)
    with server() as web:
        pages, work, asked = _people(web, row.get_absolute_url(), cookie, _pusher(metrics["calls"], admin))
    yield {
        "name": "page-dashboard", "ours": p95(pages), "unit": f"ms p95, 20 cards, {points:,} points, {PEOPLE} people at once",
        "beside": p95(bare), "beside_what": "a bare Django page with one query, as many people", "limit": 150,
    }  # fmt: skip
    yield {
        "name": "page-dashboard-work", "ours": work / asked * 1000, "unit": "ms of a processor a request of the same run",
        "beside": bare_work / len(bare) * 1000, "beside_what": "the same of the bare page", "limit": None,
    }  # fmt: skip
    yield _nothing_new(workspace, admin, row)


def _collect_static_files() -> None:
    """With their names for the web process; pressing them together takes minutes and changes nothing here."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": storage}):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=list(NOT_FOR_BROWSERS))


def _nothing_new(workspace: Workspace, admin: User, row: Dashboard) -> dict[str, Any]:
    """What the view does for a page that has it all; signing in and the workspace are found before it."""
    viewer = person_in(workspace, admin)
    assert viewer is not None

    def ask(mark: str = "") -> Any:
        request: Any = RequestFactory().get(
            row.get_absolute_url(), headers=PART | ({"If-None-Match": mark} if mark else {})
        )
        request.user, request.viewer, request.workspace, request.htmx = admin, viewer, workspace, _Htmx()
        return views.dashboard(request, pk=row.pk)

    first = ask()
    mark = first.headers["ETag"]

    def again() -> None:
        assert ask(mark).status_code == 304

    def plain() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM metrics_dashboard WHERE id = %s", [row.pk])
            cursor.fetchone()

    return {
        "name": "page-dashboard-not-modified", "ours": _median(again), "unit": "ms of a processor in the view", "beside": _median(plain),
        "beside_what": "one SQL read of the dashboard's row", "limit": 2,
    }  # fmt: skip


class _Htmx:
    boosted = history_restore_request = False


def _median(call: Callable[[], Any], rounds: int = 200) -> float:
    """Milliseconds of this process's own work."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append((time.process_time() - start) * 1000)
    return statistics.median(times)


def _people(web: Server, url: str, cookie: dict[str, str], push: Callable[[], None]) -> tuple[list[float], float, int]:
    """Each opens the page and reads its grid again, again and again, while numbers come in.

    The times of the pages in ms, the server's work in seconds, and how often it was asked.
    """
    with line_to(web.port, cookie) as ask:
        _status, headers, _body = ask(url, {})
    given = headers.get("set-cookie", headers.get("Set-Cookie", "")).partition(";")[0]  # browsers bring it from now on
    cookie = {"Cookie": "; ".join(filter(None, (cookie["Cookie"], given)))}

    def early() -> None:
        with line_to(web.port, cookie) as ask:
            for _ in range(3):
                assert ask(url, {})[0] == 200

    for _ in range(4):  # on new lines each time: each worker has started, and read its templates
        at_once([early] * PEOPLE)
    times: list[float] = []
    asked = 0

    def look(ask: Ask) -> None:
        nonlocal asked
        start = time.perf_counter()
        status, _headers, body = ask(url, {})
        times.append((time.perf_counter() - start) * 1000)
        assert status == 200
        asked += 1
        found = MARK.search(body)  # as htmx sends it
        mark = f'"{found[1].decode()}"' if found else ""
        for _refresh in range(0 if url == "/" else REFRESHES):
            status, headers, _body = ask(url, PART | ({"If-None-Match": mark} if mark else {}))
            assert status in {200, 204, 304}, status
            mark = headers.get("ETag", headers.get("etag", "")) or mark * (status == 204)
            asked += 1

    def person() -> None:
        for _visit in range(VISITS):  # on a new line each time, so that chance does not bind most to one worker
            with line_to(web.port, cookie) as ask:
                for _round in range(ROUNDS):
                    look(ask)

    def source() -> None:
        for _ in range(VISITS * ROUNDS // 2):
            push()
            time.sleep(0.5)

    before = web.worked()
    at_once([person] * PEOPLE + [source])
    return times, web.worked() - before, asked


def _pusher(metric: Metric, by: User) -> Callable[[], None]:
    """Points that come in while people look."""

    def push() -> None:
        try:
            now = datetime.now(UTC)
            services.write_points(
                metric=metric, points=[Given(now, now.timestamp() % 100, 1, {"channel": "web"})], by=by, now=now
            )
        finally:
            connection.close()

    return push


def _metrics(workspace: Workspace, now: datetime) -> tuple[dict[str, Metric], int]:
    """Four of each minute in four channels, four of each hour."""
    made = {}
    for key, aggregation, grain, more in (
        ("orders", "sum", "minute", {"unit": "orders", "target": 4_000.0}),
        ("calls", "sum", "minute", {"direction": "down"}),
        ("on-time", "ratio", "minute", {"target": 0.9}),
        ("handling", "mean", "minute", {"unit": "min", "direction": "down"}),
        ("visits", "sum", "hour", {}), ("baskets", "sum", "hour", {}), ("paid", "sum", "hour", {}),
        ("stock", "last", "hour", {"unit": "pieces"}),
    ):  # fmt: skip
        metric = services.create_metric(
            workspace=workspace,
            by=None,
            now=now,
            name=key.title(),
            key=key,
            aggregation=aggregation,
            grain=grain,
            **more,
        )
        _fill(metric, now)
        made[key] = metric
    services.create_metric(
        workspace=workspace, by=None, now=now, name="Conversion", key="conversion", aggregation="formula",
        formula="paid / visits", unit="%",
    )  # fmt: skip
    made["conversion"] = Metric.objects.get(workspace=workspace, key="conversion")
    with connection.cursor() as cursor:
        # As a database is that has had its points for a while: nothing is still written or tidied behind the pages.
        cursor.execute("VACUUM ANALYZE metrics_point, metrics_rollup, metrics_labelset, metrics_latest, metrics_pulse")
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT sum(p.points) FROM metrics_pulse p JOIN metrics_metric m ON m.id = p.metric_id WHERE m.workspace_id = %s",
            [workspace.pk],
        )
        return made, int(cursor.fetchone()[0])


def _fill(metric: Metric, now: datetime) -> None:
    """Every minute or hour of more than a year, in each channel, by a wave of the day and the week."""
    first = now - timedelta(days=DAYS)
    sets = writing.label_sets([(metric.pk, f'{{"channel": "{channel}"}}') for channel in CHANNELS])
    value = "round((2 + sin(extract(epoch FROM g) / 13750) + sin(extract(epoch FROM g) / 96250)) * 10)"
    if metric.aggregation == "ratio":
        value = f"least(1, 0.6 + {value} / 100)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO metrics_point (label_set_id, at, value, weight) SELECT s, g, {value}, 1 + s %% 7 "
            "FROM unnest(%s::bigint[]) s, generate_series(%s, %s, %s::interval) g",
            [list(sets.values()), first, now - timedelta(minutes=1), f"1 {metric.grain}"],
        )
        count = cursor.rowcount
    services.write_points(metric=metric, points=[Given(now, 1, 1, {"channel": "shop"})], by=None, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE metrics_pulse SET points = %s, first_at = %s WHERE metric_id = %s", [count + 1, first, metric.pk]
        )
    services.roll_up(metric_id=metric.pk)


def _tiles(metrics: dict[str, Metric]) -> list[Tile]:
    """Every kind, most of them about much."""
    key = {name: metric.indicator for name, metric in metrics.items()}
    tiles: list[Tile] = []

    def put(kind: TileKind, *sources: str, w: int, h: int, **more: Any) -> None:
        place = len(tiles)
        tiles.append(
            Tile(
                place + 1,
                kind,
                (place % 2) * 6,
                place // 2 * 4,
                w,
                h,
                sources=tuple(key[one] for one in sources),
                **more,
            )
        )

    for name in ("orders", "calls", "on-time", "handling", "stock", "conversion"):
        put(TileKind.NUMBER, name, w=3, h=2)
    put(TileKind.LINE, "orders", w=6, h=4)
    put(TileKind.LINE, "on-time", w=6, h=4, by="channel")
    put(TileKind.LINE, "handling", w=6, h=4, span="365d")
    put(TileKind.LINE, "conversion", w=6, h=4)
    put(TileKind.BAR, "orders", w=6, h=4, by="channel")
    put(TileKind.BAR, "calls", w=6, h=4)
    put(TileKind.STACKED, "orders", w=6, h=4, by="channel", grain="day")
    put(TileKind.HEAT, "calls", w=6, h=4)
    put(TileKind.PARETO, "calls", w=6, h=4, by="channel")
    put(TileKind.FUNNEL, "visits", "baskets", "paid", w=4, h=4)
    put(TileKind.TABLE, "orders", "calls", "on-time", "handling", "stock", w=4, h=4)
    put(TileKind.TABLE, "orders", w=4, h=4, by="channel")
    put(TileKind.GAUGE, "on-time", w=3, h=3)
    tiles.append(Tile(20, TileKind.TEXT, 0, 60, 4, 2, text="# What we look at\n\nEach morning, **before nine**."))
    return tiles
