"""Metrics in a browser: nothing for axe to find, a chart to explore, and a spreadsheet's way in."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from metrics import services
from metrics.models import Metric, Point
from metrics.services import POINTS, Given
from opsboard.core import imports
from opsboard.core.models import Job, User, Workspace
from tests.look.conftest import DESK, PHONE
from tests.look.test_gallery import Ask, Open, keep

pytestmark = pytest.mark.django_db(transaction=True)
HOME = "/north-plant/metrics/"


def rate_with_shops(workspace: Workspace, by: User, now: datetime) -> Metric:
    metric = services.create_metric(
        workspace=workspace, by=by, now=now, name="Orders on time", key="on-time", aggregation="ratio", target=0.9,
        owner=by, description="Delivered by the promised day, of all delivered.",
    )  # fmt: skip
    points = [
        Given(now - timedelta(days=back), 0.8 + back % 7 / 40, 20, {"shop": shop})
        for back in range(60)
        for shop in ("Hangzhou", "Ningbo")
    ]
    services.write_points(metric=metric, points=points, by=by, now=now)
    return metric


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_metrics(
    workspace: Workspace, anna: User, open_as: Open, complaints: Ask, theme: str
) -> None:
    anna.language = "zh-hans" if theme == "dark" else "en"
    anna.save()
    page = open_as(anna, HOME, theme=theme, size=PHONE if theme == "dark" else DESK)
    assert complaints(page) == []
    metric = rate_with_shops(workspace, anna, timezone.now())
    site = "/".join(page.url.split("/")[:3])
    own = f"{metric.pk}/"
    pages = (
        "",
        "?state=on",
        "new/",
        "imports/new/",
        own,
        f"{own}?by=shop&grain=week",
        f"{own}edit/",
        f"{own}values/new/",
    )
    for path in pages:
        page.goto(f"{site}{HOME}{path}")
        keep(page, f"metrics-{path.strip('/?').replace('/', '-').replace('?', '-') or 'list'}-{theme}")
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_a_metric_is_explored(workspace: Workspace, anna: User, open_as: Open, complaints: Ask) -> None:
    metric = rate_with_shops(workspace, anna, timezone.now())
    page = open_as(anna, f"{HOME}{metric.pk}/")
    page.get_by_role("link", name="Explore").click()
    expect(page.locator("#explore .main-svg").first).to_be_visible()
    keep(page, "metrics-explore")
    page.get_by_role("link", name="Plain chart").click()
    page.get_by_label("Part by").select_option("shop")
    expect(page.get_by_role("cell", name="Ningbo").first).to_be_visible()


def test_a_spreadsheet_becomes_a_metric(
    workspace: Workspace, anna: User, open_as: Open, complaints: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "packing_speed_2026.csv"
    file.write_text("day;units\n03/04/2026;10,5\n04/05/2026;12\n")
    page = open_as(anna, f"{HOME}imports/new/")
    page.get_by_label("Spreadsheet").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("heading", name=file.name)).to_be_visible()
    assert complaints(page) == []
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Choose the order of the dates").first).to_be_visible()
    page.get_by_label("Dates are written").select_option("dmy")
    keep(page, "metrics-import-mapping")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    imports.carry_out(POINTS, Job.objects.get().pk)
    page.get_by_role("link", name="Open the metric").click()
    expect(page.get_by_role("heading", name="Packing speed 2026")).to_be_visible()
    assert sorted(Point.objects.values_list("value", flat=True)) == [10.5, 12]


def test_a_wrong_file_is_told_row_by_row(
    workspace: Workspace, anna: User, open_as: Open, complaints: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("day,value\n2026-01-05,10\n2026-02-30,11\n")
    page = open_as(anna, f"{HOME}imports/new/")
    page.get_by_label("Spreadsheet").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    imports.carry_out(POINTS, Job.objects.get().pk)
    expect(page.get_by_text("is not a day of the calendar")).to_be_visible()
    keep(page, "metrics-import-wrong")
    assert complaints(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list").click()
    assert "2026-02-30" in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Change how it is read").click()
    expect(page.get_by_role("heading", name="First rows")).to_be_visible()


def test_the_chosen_column_names_the_new_metric(
    workspace: Workspace, anna: User, open_as: Open, tmp_path: Path
) -> None:
    """A column of minutes brings its unit, and is not added up; what somebody typed stays."""
    file = tmp_path / "desk.csv"
    file.write_text("日期,首次回复时长(min),订单数（单）\n2026-09-01,39.5,210\n2026-09-02,41,199\n", "utf-8")
    page = open_as(anna, f"{HOME}imports/new/")
    page.get_by_label("Spreadsheet").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()
    minutes, orders = page.get_by_label("What “首次回复时长(min)” is"), page.get_by_label("What “订单数（单）” is")
    name, unit, sums = (page.get_by_label(one, exact=True) for one in ("Name", "Unit", "Adds up as"))
    orders.select_option("")  # both were taken for values
    minutes.select_option("value")
    expect(minutes).to_have_class(re.compile("is-chosen"))
    assert (name.input_value(), unit.input_value(), sums.input_value()) == ("首次回复时长", "min", "mean")
    minutes.select_option("")
    expect(minutes).not_to_have_class(re.compile("is-chosen"))
    orders.select_option("value")
    assert (name.input_value(), unit.input_value(), sums.input_value()) == ("订单数", "单", "sum")
    name.fill("Orders of the desk")
    orders.select_option("")
    minutes.select_option("value")
    assert (name.input_value(), unit.input_value()) == ("Orders of the desk", "min")


def test_a_chart_can_be_read_on_a_phone(workspace: Workspace, anna: User, open_as: Open) -> None:
    metric = rate_with_shops(workspace, anna, timezone.now())
    for size in (PHONE, DESK):
        page = open_as(anna, f"{HOME}{metric.pk}/", size=size)
        heights = page.locator("svg.chart text").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().height).filter(height => height)"
        )
        assert len(heights) > 5
        assert min(heights) >= 10, size


def test_a_watch_in_a_dialog_says_what_will_happen(workspace: Workspace, anna: User, open_as: Open) -> None:
    metric = rate_with_shops(workspace, anna, timezone.now())
    page = open_as(anna, f"{HOME}{metric.pk}/")
    page.get_by_role("link", name="Watch this number").first.click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Number")).to_be_focused()
    said = dialog.locator(".watch-preview")
    expect(said).to_contain_text(re.compile("From which value on|Choose a number and a threshold"))
    dialog.get_by_label("Alert when it is").select_option("<")
    dialog.get_by_label("Threshold").fill("85")
    expect(said).to_contain_text("Alert when Orders on time is below 85%")
