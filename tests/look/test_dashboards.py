"""Dashboards in a browser: numbers that arrive by themselves, tiles moved by hand and by keys, the wall, files and links."""

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from django.conf import settings as configured
from django.utils import timezone
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from metrics import services
from metrics.models import Dashboard, Metric, Tile
from metrics.services import Given
from metrics.views import grids
from opsboard import events_asgi
from opsboard.core import live
from opsboard.core.models import Role, User, Workspace
from opsboard.core.services import issue_token
from tests.look.conftest import PHONE
from tests.look.test_gallery import Ask, Open, keep

pytestmark = pytest.mark.django_db(transaction=True)
HOME = "/north-plant/metrics/dashboards/"
SOON = 5_000


@pytest.fixture
def stream(settings: Any, site: str) -> Iterator[Callable[[], None]]:
    """The events process, in a thread here; called, it ends."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    settings.EVENTS_URL = f"http://localhost:{port}"
    settings.EVENTS_ORIGINS = [site]
    settings.SECURE_CSP = {**configured.SECURE_CSP, "connect-src": ["'self'", settings.EVENTS_URL]}
    server = uvicorn.Server(
        uvicorn.Config(
            events_asgi.application, port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()

    def end() -> None:
        server.should_exit = server.force_exit = True
        thread.join(10)

    yield end
    end()


def parcels(workspace: Workspace, by: User) -> Metric:
    now = timezone.now()
    metric = services.create_metric(workspace=workspace, by=by, now=now, name="Parcels", key="parcels", target=8.0)
    points = [Given(now - timedelta(days=back), 10, 1, {"shop": "Ningbo"}) for back in range(1, 15)]
    services.write_points(metric=metric, points=points, by=by, now=now)
    return metric


def board(workspace: Workspace, by: User, name: str, metric: Metric, **more: Any) -> Dashboard:
    key = (metric.indicator,)
    tiles = [
        Tile(1, "number", 0, 0, 3, 2, sources=key),
        Tile(2, "line", 3, 0, 6, 4, sources=key, title="Course"),
        Tile(3, "table", 9, 0, 3, 4, sources=key, by="shop", title="Shops"),
    ]
    return services.create_dashboard(
        workspace=workspace, by=by, now=timezone.now(), name=name, tiles=tiles, span="7d", **more
    )


def test_a_pushed_point_is_on_open_dashboards_within_five_seconds(
    workspace: Workspace, anna: User, open_as: Open, stream: Callable[[], None], site: str
) -> None:
    """On the page, on the wall and behind a link; and on the page also where the live stream has broken off."""
    metric = parcels(workspace, anna)
    row = board(workspace, anna, "Morning", metric)
    link = services.share_dashboard(dashboard=row, by=anna, now=timezone.now(), days=1)
    _token, secret = issue_token(
        workspace=workspace, owner=anna, name="scales", role=Role.EDITOR, now=timezone.now(), life=timedelta(days=1)
    )
    pages = [
        open_as(anna, f"{HOME}{row.pk}/"), open_as(anna, f"{HOME}{row.pk}/wall/"),
        open_as(None, f"/open/metrics/dashboards/{services.token_of(link)}/"),
    ]  # fmt: skip
    values = [page.locator(".panel-number .panel-value strong").first for page in pages]
    for value in values:
        expect(value).to_have_text("60")
    expect(pages[0].locator("body")).to_have_attribute("data-live", "open")
    with pages[0].expect_response(lambda answer: "hx-request" in answer.request.headers) as unchanged:
        live.changed(workspace, "annotations")
    assert unchanged.value.status == 304  # the page as it was opened is known by its mark, too

    def push(amount: int) -> None:
        answer = pages[0].context.request.post(
            f"{site}/api/v1/north-plant/metrics/parcels/points", headers={"Authorization": f"Bearer {secret}"},
            data={"points": [{"at": timezone.now().isoformat(), "value": amount, "labels": {"shop": "Ningbo"}}]},
        )  # fmt: skip
        assert answer.ok, answer.text()

    push(7)
    pushed = time.monotonic()
    for value in values:
        expect(value).to_have_text("67", timeout=SOON)
    assert time.monotonic() - pushed < SOON / 1000
    asked: list[int] = []
    pages[0].on(
        "response", lambda answer: asked.append(answer.status) if answer.request.headers.get("hx-request") else None
    )
    began = time.monotonic()
    while time.monotonic() - began < SOON / 1000 and len(asked) < 2:  # numbers that never pause do not put it off
        live.changed(workspace, "metrics")
        pages[0].wait_for_timeout(60)
    assert asked == [304, 304], "read again while more comes in, but what stands there is not sent again"
    expect(values[0]).to_have_text("67")
    stream()
    expect(pages[0].locator("body")).to_have_attribute("data-live", "polling")
    push(3)
    expect(values[0]).to_have_text("70", timeout=SOON)


def places(page: Page, row: Dashboard) -> dict[int, tuple[int, int, int, int]]:
    """Where the tiles lie, once the page shows it."""
    row.refresh_from_db()
    expect(page.locator("#board")).to_have_attribute("data-version", str(row.version))
    return {tile.id: (tile.x, tile.y, tile.w, tile.h) for tile in row.laid_out}


def middle(of: Locator) -> tuple[float, float]:
    box = of.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], dx: float, dy: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + dx / 2, start[1] + dy / 2, steps=3)
    page.mouse.move(start[0] + dx, start[1] + dy, steps=3)
    with page.expect_response(re.compile(r"/move/$")):
        page.mouse.up()


def test_an_open_page_comes_back_for_what_another_is_drawing(
    workspace: Workspace, anna: User, open_as: Open, stream: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = parcels(workspace, anna)
    page = open_as(anna, f"{HOME}{board(workspace, anna, 'Morning', metric).pk}/")
    expect(page.locator("body")).to_have_attribute("data-live", "open")
    others, own_turn, asked = iter(["somebody else is first, once"]), grids._my_turn, []
    monkeypatch.setattr(grids, "_my_turn", lambda key, wait=0.0: not next(others, None) and own_turn(key, wait))
    page.on(
        "response", lambda answer: asked.append(answer.status) if answer.request.headers.get("hx-request") else None
    )
    services.write_points(
        metric=metric, points=[Given(timezone.now(), 7, 1, {"shop": "Ningbo"})], by=anna, now=timezone.now()
    )
    expect(page.locator(".panel-number .panel-value strong").first).to_have_text("67", timeout=SOON)
    assert asked == [204, 200]


def test_tiles_are_moved_and_sized_by_hand_and_by_keys(workspace: Workspace, anna: User, open_as: Open) -> None:
    row = board(workspace, anna, "Morning", parcels(workspace, anna))
    page = open_as(anna, f"{HOME}{row.pk}/?edit=1")
    grid = page.locator("#board .grid").bounding_box()
    assert grid is not None
    column, line = (grid["width"] + 12) / 12, 68
    drag(page, middle(page.locator("#tile-1 .panel-title")), 0, 4 * line)
    assert places(page, row) == {1: (0, 0, 3, 2), 2: (3, 0, 6, 4), 3: (9, 0, 3, 4)}  # nothing floats
    drag(page, middle(page.locator("#tile-2 .panel-title")), -3 * column, 0)
    assert places(page, row) == {2: (0, 0, 6, 4), 1: (0, 4, 3, 2), 3: (9, 0, 3, 4)}
    drag(page, middle(page.locator("#tile-2 .panel-corner")), 2 * column, -line)
    assert places(page, row) == {2: (0, 0, 8, 3), 1: (0, 3, 3, 2), 3: (9, 0, 3, 4)}
    tile = page.locator("#tile-3")
    tile.focus()
    with page.expect_response(re.compile(r"/move/$")):
        tile.press("ArrowLeft")
    assert places(page, row)[3] == (8, 0, 3, 4)
    expect(tile).to_be_focused()
    with page.expect_response(re.compile(r"/move/$")):
        tile.press("Shift+ArrowUp")
        tile.press("Shift+ArrowRight")
    expect(tile).to_be_focused()
    assert places(page, row)[3] == (8, 0, 4, 3)
    with page.expect_response(re.compile(r"/remove/$")):
        page.get_by_role("button", name="Remove: Parcels").click()
    expect(page.locator("#tile-1")).to_have_count(0)
    with page.expect_response(re.compile(r"/undo/$")):
        page.get_by_role("button", name="Undo").click()
    expect(page.locator("#tile-1")).to_be_visible()
    keep(page, "dashboard-arranged")
    page.get_by_role("link", name="Change: Course").click()
    page.get_by_label("Title").fill("The course")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#tile-2 .panel-title")).to_have_text("The course")
    page.get_by_role("link", name="Ready").click()
    expect(page.locator("#tile-2 .panel-title a")).to_have_text("The course")


def test_a_dashboard_goes_on_the_wall_into_files_and_to_others(
    workspace: Workspace, anna: User, open_as: Open, complaints: Ask, site: str
) -> None:
    metric = parcels(workspace, anna)
    first, second = board(workspace, anna, "Morning", metric), board(workspace, anna, "Evening", metric)
    page = open_as(anna, f"{HOME}{first.pk}/")
    files = {}
    for kind in ("PNG", "CSV", "XLSX"):
        page.get_by_role("button", name="More").click()
        with page.expect_download() as found:
            page.locator("#more").get_by_text(kind, exact=True).click()
        files[found.value.suggested_filename.rpartition(".")[2]] = found.value.path().read_bytes()
    assert files["png"].startswith(b"\x89PNG")
    assert len(files["png"]) > 10_000
    assert "Parcels" in files["csv"].decode("utf-8-sig")
    assert load_workbook(io.BytesIO(files["xlsx"])).sheetnames == ["Parcels", "Course", "Shops"]
    keep(page, "dashboard-menu")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Share").click()
    page.get_by_label("For whom").fill("The bank")
    page.get_by_role("button", name="Make a link").click()
    address = page.locator(".link-address").input_value()
    stranger = open_as(None, address.removeprefix(site), size=PHONE)
    expect(stranger.locator("#tile-1 .panel-value strong")).to_have_text("60")
    assert complaints(stranger) == []
    keep(stranger, "dashboard-shared")
    inside = "north-plant"
    assert inside not in stranger.content()
    stranger.goto(f"{site}{HOME}{first.pk}/")
    assert "/accounts/login/" in stranger.url
    page.get_by_role("button", name="Revoke").click()
    page.locator("#confirm").get_by_role("button", name=re.compile("Yes|Revoke|Go on|OK")).first.click()
    expect(page.get_by_text("The link opens nothing any more.")).to_be_visible()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="This link is over")).to_be_visible()

    page.goto(f"{site}{HOME}{first.pk}/wall/")
    page.get_by_text("Take turns with").click()
    page.get_by_label("Evening").check()
    page.get_by_role("button", name="Show").click()
    heading = page.locator("#wall-board h1")
    expect(heading).to_have_text("Morning")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "a wall needs no scrolling"
    page.locator("#wall-board").click()
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("Evening")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("Morning")
    page.keyboard.press("f")
    expect(page.locator(":fullscreen")).to_have_count(1)
    page.keyboard.press("f")
    expect(page.locator(":fullscreen")).to_have_count(0)
    expect(page.locator("body")).to_have_class(re.compile("is-quiet"), timeout=6_000)
    keep(page, "dashboard-wall")
    assert second.pk != first.pk
