"""Dashboards: their tiles in a few questions, who sees them, how they are laid out, shared and taken along."""

import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from metrics import charts, services
from metrics.analysis.courses import hours_of_week
from metrics.analysis.grids import Place, exchanged, free_place, settled
from metrics.charts import boards
from metrics.charts.drawings import series_of
from metrics.charts.texts import in_html
from metrics.models import Dashboard, Look, Metric, ShareLink, Tile, measures_of, read_tiles
from metrics.services import Given
from metrics.views import grids
from metrics.views.boards import look_for
from metrics.views.grids import sight_of
from opsboard.core.access import Viewer
from opsboard.core.models import Team, User, Workspace
from opsboard.core.versions import StaleVersion
from tests.conftest import viewer_for

pytestmark = pytest.mark.django_db
HOME = "/north-plant/metrics/dashboards/"
SignIn = Callable[[User], Client]
PART = {"HX-Request": "true"}


def sold(workspace: Workspace, now: datetime, key: str = "sold", days: int = 60, **more: Any) -> Metric:
    """So many days of two shops, up to yesterday: 10 and 20 a day, in the last week 20 and 40."""
    metric = services.create_metric(workspace=workspace, by=None, now=now, key=key, **{"name": key.title(), **more})
    today = now.astimezone(workspace.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    points = [
        Given(today - timedelta(days=back), amount * (2 if back <= 7 else 1), 1, {"shop": shop})
        for back in range(1, days + 1)
        for shop, amount in (("Hangzhou", 10), ("Ningbo", 20))
    ]
    services.write_points(metric=metric, points=points, by=None, now=now)
    return metric


def board(workspace: Workspace, by: User, now: datetime, *tiles: Tile, **more: Any) -> Dashboard:
    numbered = [Tile.of(one.kept() | {"id": place}) for place, one in enumerate(tiles, start=1)]
    return services.create_dashboard(
        workspace=workspace, by=by, now=now, tiles=[one for one in numbered if one], **{"name": "Morning", **more}
    )


def tile(kind: str, *metrics: Metric | str, x: int = 0, y: int = 0, w: int = 3, h: int = 2, **more: Any) -> Tile:
    keys = tuple(one.indicator if isinstance(one, Metric) else one for one in metrics)
    return Tile(0, kind, x, y, w, h, sources=keys, **more)


def look(workspace: Workspace, now: datetime, days: int = 8, **more: Any) -> Look:
    last = now.astimezone(workspace.zone).date()
    return Look(last - timedelta(days=days - 1), last, workspace.zone, **more)


def test_tiles_make_room_for_each_other_and_nothing_floats() -> None:
    lying = [Place(1, 0, 0, 6, 4), Place(2, 6, 0, 6, 4), Place(3, 0, 4, 12, 2)]
    moved = {one.id: one for one in settled([Place(1, 3, 0, 6, 4), *lying[1:]], 1)}
    assert (moved[1].x, moved[1].y) == (3, 0)
    assert moved[2].y == 4
    assert moved[3].y == 8
    assert not any(a.meets(b) for a in moved.values() for b in moved.values() if a.id < b.id)
    assert [one.y for one in settled([Place(1, 0, 9, 3, 2), Place(2, 0, 50, 3, 2)])] == [0, 2]
    assert settled([Place(1, 99, -4, 40, 0)]) == [Place(1, 0, 0, 12, 1)]
    assert free_place(lying[:1], 6, 2) == (6, 0)
    assert free_place([], 3, 2) == (0, 0)


def test_a_tile_put_upon_another_of_its_size_changes_places_with_it() -> None:
    row = [Place(1, 0, 0, 3, 2), Place(2, 3, 0, 3, 2), Place(3, 6, 0, 6, 2)]
    assert exchanged(row, Place(1, 4, 0, 3, 2)) == [Place(1, 3, 0, 3, 2), Place(2, 0, 0, 3, 2), row[2]]
    assert exchanged(row, Place(1, 1, 0, 3, 2)) == [Place(1, 1, 0, 3, 2), *row[1:]]  # barely touched
    assert exchanged(row, Place(1, 7, 0, 3, 2)) == [Place(1, 7, 0, 3, 2), *row[1:]]  # of another size


def test_an_hour_of_the_week_holds_what_came_in_by_how_often_it_came_by() -> None:
    """Four Saturdays at nine with 8 in all are 2; one call on one Tuesday of three is a third, and no peak."""
    shanghai, first = ZoneInfo("Asia/Shanghai"), datetime(2026, 10, 31, 1, tzinfo=UTC)  # a Saturday, nine o'clock there
    values = [(first + timedelta(weeks=week), amount, 1.0) for week, amount in enumerate((1.0, 2.0, 2.0, 3.0))]
    values.append((first + timedelta(days=3), 1.0, 1.0))
    added = hours_of_week(values, shanghai, added=True, plain=False)
    assert (added[5][9], added[1][9], added[1][10]) == (2.0, 1 / 3, None)
    rates = [(first, 0.5, 10.0), (first + timedelta(weeks=1), 1.0, 30.0), (first + timedelta(weeks=2), None, 0.0)]
    assert hours_of_week(rates, shanghai, added=False, plain=False)[5][9] == 0.875
    assert hours_of_week(rates, shanghai, added=False, plain=True)[5][9] == 0.75


def test_a_week_that_is_cut_off_or_still_runs_is_no_low_of_a_sum(
    workspace: Workspace, editor: Viewer, now: datetime
) -> None:
    """90 days begin on a Friday and end on a Wednesday: both weeks are in the sum, and neither in its small course."""
    added, mean = sold(workspace, now, days=120), sold(workspace, now, "level", days=120, aggregation="mean")
    tiles = [tile("number", added), tile("number", mean), tile("line", mean, grain="week")]
    row = board(workspace, editor.user or User(), now, *tiles)
    sources, _labels = measures_of(editor, [key for one in row.laid_out for key in one.sources])
    found = read_tiles(editor, row.laid_out, look(workspace, now, days=90), now, sources)
    assert found[1].grain == "week"
    weeks = [value for _at, value in boards.whole_buckets(found[1], found[1].courses[0])]
    assert (len(found[1].courses[0].values), len(weeks)) == (14, 12)
    assert min(value or 0 for value in weeks) == 7 * 30
    assert len(boards.whole_buckets(found[2], found[2].courses[0])) == 14
    assert [one.partial for one in series_of(found[3])] == [True], "hatched as the last week of a sum is"


def test_a_number_is_compared_with_as_many_days_before(workspace: Workspace, editor: Viewer, now: datetime) -> None:
    """Today has no value yet: seven days are compared with seven, not with eight."""
    metric = sold(workspace, now, target=50.0)
    row = board(
        workspace, editor.user or User(), now, tile("number", metric), tile("table", metric, by="shop"),
        tile("number", metric, labels={"shop": "Ningbo"}), tile("gauge", metric), tile("number", "metrics.value:gone"),
    )  # fmt: skip
    sources, labels = measures_of(editor, [key for one in row.laid_out for key in one.sources])
    assert labels == {"shop": ["Hangzhou", "Ningbo"]}
    found = read_tiles(editor, row.laid_out, look(workspace, now, compare="previous"), now, sources)
    number, table, narrowed, gauge, gone = (charts.draw(found[place]) for place in range(1, 6))
    assert (number.value_text, number.change_text, number.tone) == ("420", "+100.0%", "good")
    assert [(line.name, line.value, line.change_text) for line in table.rows] == [
        ("Ningbo", 280, "+100.0%"),
        ("Hangzhou", 140, "+100.0%"),
    ]
    assert narrowed.value_text == "280"
    assert "Target 350</text>" in str(gauge.chart)  # 50 a day, and seven days are known
    assert "no longer here" in gone.note
    filtered = look(workspace, now, labels={"shop": "Hangzhou", "channel": "web"}, compare="plan")
    shown = read_tiles(editor, row.laid_out, filtered, now, sources)
    drawn = charts.draw(shown[1])
    assert (drawn.value_text, drawn.change_text) == ("140", "−60.0%")
    assert drawn.hints == ["not narrowed by channel"]


def test_what_is_younger_than_the_time_before_is_not_compared(
    workspace: Workspace, editor: Viewer, now: datetime
) -> None:
    metric = sold(workspace, now, days=10)
    row = board(workspace, editor.user or User(), now, tile("number", metric))
    found = read_tiles(
        editor, row.laid_out, look(workspace, now, compare="previous"), now, measures_of(editor, [metric.indicator])[0]
    )
    assert charts.draw(found[1]).change_text == ""


def test_every_kind_of_tile_is_drawn_and_written_out(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    """On screen, on the wall, as a picture and as a file; what looks like a formula is defused."""
    now = timezone.now()
    metric, other = sold(workspace, now), sold(workspace, now, "calc", name="=Cmd|Calc", aggregation="mean", unit="CNY")
    kinds: list[Tile] = [
        tile("number", metric), tile("line", metric, other, w=6), tile("line", metric, by="shop", w=6),
        tile("bar", metric, w=6), tile("bar", metric, by="shop"), tile("stacked", metric, by="shop", w=6),
        tile("heat", metric), tile("pareto", metric, by="shop"), tile("funnel", metric, other), tile("gauge", metric),
        tile("table", metric, other), tile("text", text="# Hello\n\n**you** <script>"),
        tile("number", "work.overdue"),
    ]  # fmt: skip
    row = board(
        workspace,
        anna,
        now,
        *[Tile.of(one.kept() | {"y": place * 4, "id": 1}) or one for place, one in enumerate(kinds)],
    )
    client = sign_in(anna)
    for query in (
        "",
        "?compare=year&span=90d",
        "?compare=plan&label.shop=Ningbo",
        "?edit=1",
        "?from=2026-01-01&to=2025-01-01",
    ):
        page = client.get(f"{HOME}{row.pk}/{query}").content.decode()
        assert page.count('class="card panel') == len(kinds), query
        assert "<script>" not in page.partition("Hello")[2][:80]
    for place in range(1, len(kinds) + 1):
        assert client.get(f"{HOME}{row.pk}/tiles/{place}/?explore=1").status_code == 200, place
    assert client.get(f"{HOME}{row.pk}/tiles/99/").status_code == 404
    wall = client.get(f"{HOME}{row.pk}/wall/").content.decode()
    assert wall.count('class="card panel') == len(kinds)
    dark = client.get(f"{HOME}{row.pk}/picture/?theme=dark").content.decode()
    assert dark.count("<svg") > len(kinds)
    assert "#2356c9" not in dark
    text = client.get(f"{HOME}{row.pk}/?export=csv").content.decode("utf-8-sig")
    assert "'=Cmd|Calc" in text
    assert "\r\n=" not in text
    assert ",=" not in text
    book = load_workbook(io.BytesIO(client.get(f"{HOME}{row.pk}/?export=xlsx").content))
    assert len(book.sheetnames) == len(kinds) - 1  # a text has no rows
    assert len({name.casefold() for name in book.sheetnames}) == len(book.sheetnames)


def test_a_dashboard_asks_as_often_with_two_tiles_as_with_twenty(
    workspace: Workspace, anna: User, editor: Viewer, now: datetime
) -> None:
    metrics = [sold(workspace, now, f"m{number}", days=3) for number in range(6)]

    def asked(*tiles: Tile) -> int:
        row = board(workspace, anna, now, *tiles)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            sources, _labels = measures_of(editor, [key for one in row.laid_out for key in one.sources])
            read_tiles(editor, row.laid_out, look(workspace, now, compare="previous"), now, sources)
        return len(seen)

    few = asked(tile("line", metrics[0]), tile("bar", metrics[0], by="shop"))
    many = asked(
        *[tile("line", metric) for metric in metrics], *[tile("number", metric) for metric in metrics],
        *[tile("bar", metric, by="shop") for metric in metrics],
        *[tile("table", metric, labels={"shop": "Ningbo"}) for metric in metrics],
    )  # fmt: skip
    assert few == many <= 10


def test_a_look_with_nothing_new_is_answered_304_without_a_number_read(
    workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    """And where one number is new, only the tiles that show it are drawn again."""
    now = timezone.now()
    metric, other = sold(workspace, now), sold(workspace, now, "visits")
    half = services.create_metric(
        workspace=workspace, by=None, now=now, name="Half", aggregation="formula", formula="visits / 2"
    )
    row = board(
        workspace,
        anna,
        now,
        tile("number", metric),
        tile("line", metric),
        tile("number", half),
        tile("text", text="Hi"),
    )
    client, url, mark = sign_in(anna), f"{HOME}{row.pk}/", ""

    def look_again() -> tuple[int, int, set[str]]:
        """Status, questions, and the tiles that were drawn."""
        nonlocal mark
        drawn: set[str] = set()
        draw = charts.draw

        def watched(shown: Any, *more: Any, **how: Any) -> Any:
            drawn.add(f"{shown.tile.kind} {shown.tile.id}")
            return draw(shown, *more, **how)

        with pytest.MonkeyPatch.context() as patch, CaptureQueriesContext(connection) as seen:
            patch.setattr(charts, "draw", watched)
            answer = client.get(url, headers={"HX-Request": "true"} | ({"If-None-Match": mark} if mark else {}))
        mark = answer.headers.get("ETag", "")
        return answer.status_code, len(seen), drawn

    assert look_again()[::2] == (200, {"number 1", "line 2", "number 3", "text 4"})
    for _again in range(2):
        status, asked, drawn = look_again()
        assert (status, drawn) == (304, set())
        assert asked <= 4  # who asks, where, the dashboard, its marks
    services.write_points(metric=other, points=[Given(now, 5, 1, {"shop": "Ningbo"})], by=None, now=now)
    assert look_again()[::2] == (200, {"number 3"})  # a calculated number follows what it is made of
    services.move_tile(dashboard=row, by=anna, now=now, version=1, place=Place(1, 6, 0, 3, 2))
    assert look_again()[2] <= {"number 1", "line 2", "number 3", "text 4"}
    services.annotate(workspace=workspace, by=anna, now=now, on=now.date(), text="Sale")
    assert look_again()[2] == {"number 1", "line 2", "number 3", "text 4"}
    services.change_metric(metric=metric, by=anna, now=now, version=1, name="Sold well")
    assert look_again()[2] == {"number 1", "line 2"}
    services.archive_metric(metric=half, by=anna, now=now)
    assert look_again()[2] == {"number 3"}
    assert look_again()[0] == 304


def begin_to_draw(metric: Metric, row: Dashboard, viewer: Viewer) -> str:
    """A number comes in, and somebody has begun to draw the grid that shows it: the key that it will be kept under."""
    now = timezone.now()
    services.write_points(metric=metric, points=[Given(now, 54_321, 1, {"shop": "Ningbo"})], by=None, now=now)
    key = f"metrics.grid:{sight_of(viewer, row, look_for(QueryDict(), row, now), now).tag}"
    assert cache.add(f"{key}:drawn", 1, 60)
    return key


def test_who_opens_a_page_while_another_draws_sees_the_numbers_before_and_asks_again(
    workspace: Workspace, anna: User, editor: Viewer, sign_in: SignIn
) -> None:
    now = timezone.now()
    metric = sold(workspace, now)
    row = board(workspace, anna, now, tile("number", metric))
    client, url = sign_in(anna), f"{HOME}{row.pk}/"
    before = client.get(url).content.decode()
    drawing = begin_to_draw(metric, row, editor)
    late = client.get(url).content.decode()
    grid = re.compile(r'<div class="grid">.*', re.DOTALL)
    assert ("load delay" in late, "load delay" in before) == (True, False)
    assert grid.findall(late)[0].partition("</section>")[0] == grid.findall(before)[0].partition("</section>")[0]
    cache.delete(f"{drawing}:drawn")
    newest = client.get(url).content.decode()
    assert "load delay" not in newest
    assert grid.findall(newest)[0].partition("</section>")[0] != grid.findall(before)[0].partition("</section>")[0]


def test_an_open_page_does_not_wait_while_another_draws_and_asks_again_in_a_moment(
    workspace: Workspace, anna: User, editor: Viewer, sign_in: SignIn
) -> None:
    now = timezone.now()
    metric = sold(workspace, now)
    row = board(workspace, anna, now, tile("number", metric))
    client, url = sign_in(anna), f"{HOME}{row.pk}/"
    first = client.get(url, headers=PART)
    drawing = begin_to_draw(metric, row, editor)
    open_page = PART | {"HX-Source": "div#board", "If-None-Match": first.headers["ETag"]}
    later = client.get(url, headers=open_page)
    assert (later.status_code, later.headers["HX-Trigger"]) == (204, "board-late")
    assert "board-late delay" in first.content.decode()
    chosen = client.get(url, headers=open_page | {"HX-Source": "form#board-bar"})  # it has to get something
    assert (chosen.status_code, chosen.headers["ETag"]) == (200, first.headers["ETag"])  # what it shows
    assert "load delay" in chosen.content.decode()
    cache.delete(f"{drawing}:drawn")
    newest = client.get(url, headers=open_page)
    assert (newest.status_code, newest.headers["ETag"]) == (200, f'"{drawing.removeprefix("metrics.grid:")}"')


def test_while_numbers_stream_in_open_pages_get_a_new_grid_once_a_second(
    workspace: Workspace, anna: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DASHBOARD_REST", 1.0)
    now, drawn = timezone.now(), list[str]()
    metric = sold(workspace, now)
    row = board(workspace, anna, now, tile("number", metric))
    client, url = sign_in(anna), f"{HOME}{row.pk}/"
    draw = grids._draw

    def counted(sight: grids.Sight) -> grids.Board:
        drawn.append(sight.tag)
        return draw(sight)

    monkeypatch.setattr(grids, "_draw", counted)
    first = client.get(url, headers=PART)
    open_page = PART | {"HX-Source": "div#board", "If-None-Match": first.headers["ETag"]}
    for value in (54_321, 54_322, 54_323):
        services.write_points(metric=metric, points=[Given(now, value, 1, {"shop": "Ningbo"})], by=None, now=now)
        later = client.get(url, headers=open_page)
        assert (later.status_code, later.headers["HX-Trigger"]) == (204, "board-late")
        assert "load delay" in client.get(url).content.decode()  # who opens it now asks again in a moment
    assert len(drawn) == 1
    assert "load delay" not in client.get(f"{url}?edit").content.decode()  # who arranges sees what is
    moment = time.time() + 1.1
    monkeypatch.setattr("metrics.views.grids.time.time", lambda: moment)
    newest = client.get(url, headers=open_page)
    assert (newest.status_code, len(drawn)) == (200, 3)


def test_the_grid_before_is_not_shown_once_tiles_have_moved_or_a_number_is_for_fewer_people(
    workspace: Workspace, anna: User, adam: User, wang: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    metric = sold(workspace, now)
    row = board(workspace, anna, now, tile("number", metric, title="As it was"))
    client = sign_in(anna)

    def opened() -> str:
        return client.get(f"{HOME}{row.pk}/").content.decode()

    opened()
    monkeypatch.setattr(grids, "_my_turn", lambda key, wait=0.0: wait > 0)  # somebody else is always before us
    services.write_points(metric=metric, points=[Given(now, 54_321, 1, {"shop": "Ningbo"})], by=None, now=now)
    assert "load delay" in opened()
    changed = replace(row.laid_out[0], title="As it is")
    services.save_tile(dashboard=row, by=anna, now=now, version=1, tile=changed)
    assert ("load delay" in (page := opened()), "As it is" in page) == (False, True)
    services.write_points(metric=metric, points=[Given(now, 54_322, 1, {"shop": "Ningbo"})], by=None, now=now)
    assert "load delay" in opened()
    metric.refresh_from_db()
    team = Team.objects.get(name="Warehouse")
    services.change_metric(metric=metric, by=adam, now=now, version=metric.version, limited_to=[team.pk])
    assert ("load delay" in (page := opened()), "not for you to see" in page) == (False, True)


def test_a_kept_grid_is_not_shown_to_those_who_may_see_less(
    workspace: Workspace, anna: User, wang: User, adam: User, sign_in: SignIn
) -> None:
    team = Team.objects.get(name="Warehouse")
    secret = sold(workspace, timezone.now(), "salaries", limited_to=[team.pk])
    row = board(workspace, adam, timezone.now(), tile("number", secret))
    for user, sees in ((adam, True), (anna, False), (wang, True), (anna, False)):
        page = sign_in(user).get(f"{HOME}{row.pk}/").content.decode()
        assert ("Salaries" in page) is sees, user
        values = sign_in(user).get(f"{HOME}{row.pk}/?export=csv").content.decode()
        assert ("Salaries" in values) is sees, user


def test_private_and_limited_dashboards_are_not_there_for_others(
    workspace: Workspace,
    anna: User,
    adam: User,
    wang: User,
    victor: User,
    stranger: User,
    sign_in: SignIn,
    now: datetime,
) -> None:
    mine = board(workspace, anna, now, name="For Anna alone", private=True)
    theirs = board(workspace, wang, now, name="Theirs", limited_to=[Team.objects.get(name="Warehouse").pk])
    answers = {
        user.name: [sign_in(user).get(f"{HOME}{row.pk}/").status_code for row in (mine, theirs)]
        for user in (anna, adam, wang, victor, stranger)
    }
    assert answers == {
        "Anna": [200, 404], "Adam": [404, 200], "Wang": [404, 200], "Victor": [404, 404], "Stranger": [404, 404],
    }  # fmt: skip
    for limits in ({}, {"metrics": [Team.objects.get(name="Warehouse").pk]}):
        workspace.app_limits = limits
        workspace.save(update_fields=["app_limits"])
        for user in (anna, adam, wang, victor):
            viewer = viewer_for(user, workspace)
            seen = set(Dashboard.objects.visible_to(viewer))
            assert seen == {row for row in (mine, theirs) if row.open_to(viewer)}, user  # the two spellings agree
    workspace.app_limits = {}
    workspace.save(update_fields=["app_limits"])
    assert "For Anna alone" not in sign_in(adam).get(HOME).content.decode()
    with pytest.raises(ValidationError):
        services.create_dashboard(workspace=workspace, by=None, now=now, name="Nobody's", private=True, owner=None)


def test_tiles_are_moved_undone_and_never_lost_between_two_people(
    workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    now = timezone.now()
    metric = sold(workspace, now, days=3)
    row, client = (
        board(workspace, anna, now, tile("number", metric), tile("line", metric, x=3, w=6, h=4)),
        sign_in(anna),
    )
    move = f"{HOME}{row.pk}/tiles/1/move/"
    hand = {"X-Requested-With": "fetch"}
    moved = client.post(move, {"x": 4, "y": 0, "version": 1}, headers=hand)
    assert (moved.status_code, moved["X-Version"]) == (200, "2")
    assert "at-x4 at-y0" in moved.content.decode()
    row.refresh_from_db()
    assert {one.id: (one.x, one.y) for one in row.laid_out} == {1: (4, 0), 2: (3, 2)}
    stale = client.post(move, {"x": 0, "y": 0, "version": 1}, headers=hand)
    assert stale.status_code == 409
    assert stale.content.decode().count("chart-map") == 2
    again = client.post(move, {"x": 0, "y": 0, "w": 500, "h": 0, "version": 2})
    assert again.status_code == 303
    row.refresh_from_db()
    assert (row.tile(1) or row).w == 12  # type: ignore[union-attr]
    client.post(f"{HOME}{row.pk}/undo/", {"version": 3}, headers=hand)
    row.refresh_from_db()
    assert {one.id: (one.x, one.y) for one in row.laid_out} == {1: (4, 0), 2: (3, 2)}
    client.post(f"{HOME}{row.pk}/tiles/1/remove/", {"version": 4}, headers=hand)
    row.refresh_from_db()
    assert [one.id for one in row.laid_out] == [2]
    was = [{1: (4, 0), 2: (3, 2)}, {2: (3, 0)}]  # what each step back or forth brings
    for step, version, there in (("undo", 5, was[0]), ("redo", 6, was[1]), ("undo", 7, was[0])):
        answer = client.post(f"{HOME}{row.pk}/{step}/", {"version": version}, headers=hand)
        assert answer.status_code == 200
        row.refresh_from_db()
        assert {one.id: (one.x, one.y) for one in row.laid_out} == there
    answer = client.post(f"{HOME}{row.pk}/undo/", {"version": 8}, headers=hand)
    row.refresh_from_db()
    assert {one.id: (one.x, one.y, one.w) for one in row.laid_out} == {
        1: (0, 0, 3),
        2: (3, 0, 6),
    }  # the first there was
    assert (answer["X-Back"], answer["X-Forth"]) == ("", "8")
    assert "nothing to undo" in client.post(f"{HOME}{row.pk}/undo/", {"version": 9}, follow=True).content.decode()
    with pytest.raises(StaleVersion):
        services.step_layout(dashboard=row, by=anna, now=now, version=1)


def test_a_tile_is_described_previewed_and_put_up(
    workspace: Workspace, anna: User, victor: User, sign_in: SignIn
) -> None:
    now = timezone.now()
    metric = sold(workspace, now)
    row, client = board(workspace, anna, now), sign_in(anna)
    new = f"{HOME}{row.pk}/tiles/new/"
    given = {"kind": "pareto", "source": metric.indicator, "version": 1}
    preview = client.post(f"{HOME}{row.pk}/tiles/preview/", {**given, "by": "shop"}).content.decode()
    assert "chart-pareto" in preview
    refused = client.post(new, given)
    assert refused.status_code == 422
    assert "needs a dimension" in refused.content.decode()
    assert client.post(new, {**given, "by": "shop"}).status_code == 303
    assert client.post(new, {"kind": "text", "text": "", "version": 2}).status_code == 422
    assert client.post(new, {"kind": "number", "source": "metrics.value:nothing", "version": 2}).status_code == 422
    assert client.post(new, {"kind": "number", "source": metric.indicator, "version": 1}).status_code == 409
    row.refresh_from_db()
    (one,) = row.laid_out
    assert (one.kind, one.by, one.w, one.h) == ("pareto", "shop", 6, 4)
    change = {"kind": "line", "source": metric.indicator, "w": 12, "h": 3, "x": 1, "y": 1, "version": 2, "title": "All"}
    assert client.post(f"{HOME}{row.pk}/tiles/1/edit/", change).status_code == 303
    row.refresh_from_db()
    assert [(one.kind, one.title, one.w) for one in row.laid_out] == [("line", "All", 12)]
    assert sign_in(victor).post(new, given).status_code == 403
    assert sign_in(victor).post(f"{HOME}{row.pk}/favourite/", {"favourite": "yes"}).status_code == 303
    assert "is-on" in sign_in(victor).get(HOME).content.decode()


def test_a_first_dashboard_is_one_click_and_deleting_is_undone(
    workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    client = sign_in(anna)
    assert client.post(f"{HOME}first/")["Location"].endswith("/metrics/imports/new/")
    sold(workspace, timezone.now(), direction="down")
    sold(workspace, timezone.now(), "visits", grain="hour")
    made = client.post(f"{HOME}first/")
    row = Dashboard.objects.get()
    assert made["Location"] == row.get_absolute_url()
    assert {one.kind for one in row.laid_out} == {"number", "line", "pareto", "bar", "heat"}
    client.post(f"{HOME}{row.pk}/copy/")
    copy = Dashboard.objects.latest("pk")
    assert copy.tiles == row.tiles
    client.post(f"{HOME}{copy.pk}/move/", {"to": "up"})
    assert list(Dashboard.objects.values_list("pk", flat=True)) == [copy.pk, row.pk]
    client.post(f"{HOME}{copy.pk}/delete/")
    assert client.get(f"{HOME}{copy.pk}/").status_code == 404
    assert "(copy)" in client.get(f"{HOME}?deleted=yes").content.decode()
    client.post(f"{HOME}{copy.pk}/restore/")
    assert client.get(f"{HOME}{copy.pk}/").status_code == 200


def test_a_shared_link_shows_one_dashboard_and_nothing_else(
    workspace: Workspace, anna: User, wang: User, sign_in: SignIn, client: Client
) -> None:
    now = timezone.now()
    team = Team.objects.get(name="Warehouse")
    open_to_all, secret = sold(workspace, now), sold(workspace, now, "salaries", limited_to=[team.pk])
    row = board(workspace, wang, now, tile("number", open_to_all), tile("number", secret), limited_to=[])
    assert sign_in(anna).post(f"{HOME}{row.pk}/links/", {"days": 7, "note": "The bank"}).status_code == 303
    link = ShareLink.objects.get()
    address = f"/open/metrics/dashboards/{services.token_of(link)}/"
    assert address in sign_in(anna).get(f"{HOME}{row.pk}/links/").content.decode()
    assert address not in sign_in(wang).get(f"{HOME}{row.pk}/links/").content.decode()
    seen = client.get(address)
    page = seen.content.decode()
    assert (seen.status_code, seen["X-Robots-Tag"]) == (200, "noindex, nofollow")
    assert "Sold" in page
    assert "Salaries" not in page  # Anna does not see it either
    assert "/north-plant/" not in page
    assert client.get(f"{address}?wall=1").status_code == 200
    assert client.get(f"{address}picture/").status_code == 200
    part = client.get(address, headers={"HX-Request": "true"})
    assert client.get(address, headers={"HX-Request": "true", "If-None-Match": part["ETag"]}).status_code == 304
    assert client.get(address.replace(":", ";")).status_code == 404
    assert client.get(f"{HOME}{row.pk}/").status_code == 302
    assert client.post(address).status_code == 405
    services.delete_dashboard(dashboard=row, by=wang, now=now)
    assert client.get(address).status_code == 404
    services.restore_dashboard(dashboard=row, by=wang, now=now)
    assert services.opened_by(services.token_of(link), now=now + timedelta(days=8)) is None
    services.change_dashboard(dashboard=row, by=wang, now=now, version=row.version, limited_to=[team.pk])
    assert client.get(address).status_code == 404  # who made it may no longer see it
    services.change_dashboard(dashboard=row, by=wang, now=now, version=row.version + 1, limited_to=[])
    assert client.get(address).status_code == 200
    sign_in(anna).post(f"{HOME}{row.pk}/links/{link.pk}/revoke/")
    assert client.get(address).status_code == 404


def test_annotations_stand_on_the_charts_that_they_are_about(
    workspace: Workspace, anna: User, victor: User, sign_in: SignIn
) -> None:
    now = timezone.now()
    team = Team.objects.create(workspace=workspace, name="Board", lead=anna)
    metric, other = sold(workspace, now), sold(workspace, now, "visits")
    secret = sold(workspace, now, "salaries", limited_to=[team.pk])
    client, home = sign_in(anna), "/north-plant/metrics/annotations/"
    day = (now - timedelta(days=3)).date()
    given = {"on": day.isoformat(), "sort": "promotion", "text": "Autumn sale", "metrics": [metric.pk]}
    assert client.post(f"{home}new/", given).status_code == 303
    assert client.post(f"{home}new/", {**given, "text": "Raise", "metrics": [secret.pk]}).status_code == 303
    wrong = client.post(f"{home}new/", {**given, "until": (day - timedelta(days=1)).isoformat()})
    assert (wrong.status_code, "before the first" in wrong.content.decode()) == (422, True)
    row = board(workspace, anna, now, tile("line", metric, w=4), tile("line", other, w=4))
    assert client.get(f"{HOME}{row.pk}/").content.decode().count(">Autumn sale</text>") == 1
    assert ">Autumn sale</text>" in client.get(f"/north-plant/metrics/{metric.pk}/").content.decode()
    assert ">Autumn sale</text>" not in client.get(f"/north-plant/metrics/{other.pk}/").content.decode()
    assert "Raise" in client.get(home).content.decode()
    assert "Raise" not in sign_in(victor).get(home).content.decode()
    assert "Autumn sale" in client.get(f"{home}?export=csv&metric={metric.pk}").getvalue().decode()
    pk = metric.annotations.get().pk
    assert client.post(f"{home}{pk}/edit/", {**given, "text": "Winter sale", "version": 1}).status_code == 303
    assert client.post(f"{home}{pk}/edit/", {**given, "text": "Spring sale", "version": 1}).status_code == 409
    client.post(f"{home}{pk}/delete/")
    assert not metric.annotations.exists()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("**a** and *b* and `c`", "<p><strong>a</strong> and <em>b</em> and <code>c</code></p>"),
        ("# T\n- x\n- y", "<h3>T</h3><ul><li>x</li><li>y</li></ul>"),
        ("1. x\n2. y\n\nz", "<ol><li>x</li><li>y</li></ol><p>z</p>"),
        ("[a](/b)", '<p><a href="/b">a</a></p>'),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](//evil.example)", "<p>[a](//evil.example)</p>"),
        ("<img src=x onerror=a>", "<p>&lt;img src=x onerror=a&gt;</p>"),
        ('[a](https://x.example/"onclick="b)', "<p>[a](https://x.example/&quot;onclick=&quot;b)</p>"),
        ("[**a**](https://x.example/*b*)", '<p><a href="https://x.example/*b*" rel="noopener noreferrer nofollow" '
         'target="_blank"><strong>a</strong></a></p>'),
    ],
)  # fmt: skip
def test_texts_know_a_little_markdown_and_no_html(typed: str, shown: str) -> None:
    assert in_html(typed) == shown
