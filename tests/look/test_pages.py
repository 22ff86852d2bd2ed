"""The pages of the hall as people meet them: signed out, signed in, and where something is wrong."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from opsboard.core import effects
from opsboard.core.models import User, Workspace
from tests.look.conftest import DESK, PHONE
from tests.look.test_gallery import Ask, Open, keep

pytestmark = pytest.mark.django_db(transaction=True)

OUTSIDE = ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/"]
INSIDE = [
    "/north-plant/", "/north-plant/notices/", "/me/", "/accounts/2fa/", "/accounts/password/change/", "/me/sessions/",
    "/accounts/logout/", "/north-plant/no-such-page/",
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_before_sign_in(
    workspace: Workspace, open_as: Open, complaints: Ask, theme: str
) -> None:
    page = open_as(None, OUTSIDE[0], theme=theme, size=PHONE if theme == "dark" else DESK)
    for path in OUTSIDE:
        page.goto("/".join(page.url.split("/")[:3]) + path)
        keep(page, f"out-{path.strip('/').replace('/', '-')}-{theme}")
        assert complaints(page) == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_the_hall(anna: User, open_as: Open, complaints: Ask, theme: str) -> None:
    anna.language = "zh-hans" if theme == "dark" else "en"
    anna.save()
    page = open_as(anna, "/me/", theme=theme, size=PHONE if theme == "dark" else DESK)
    for path in INSIDE:
        page.goto("/".join(page.url.split("/")[:3]) + path)
        keep(page, f"in-{path.strip('/').replace('/', '-')}-{theme}")
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_the_sign_in_page_changes_its_language(workspace: Workspace, open_as: Open) -> None:
    page = open_as(None, "/accounts/login/")
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    assert page.evaluate("document.documentElement.lang") == "zh-hans"
    keep(page, "out-login-chinese")


def test_a_wrong_password_is_told_beside_the_form(workspace: Workspace, open_as: Open) -> None:
    page = open_as(None, "/accounts/login/")
    page.get_by_label("E-mail or user name").fill("nobody@north.example")
    page.get_by_label("Password").fill("wrong and long enough")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    keep(page, "out-login-wrong")


def test_the_theme_is_chosen_in_the_menu_and_stays(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/")
    page.get_by_role("button", name="Account: Anna").click()
    keep(page, "menu-me")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_present_tab_is_in_sight_on_a_phone(workspace: Workspace, adam: User, open_as: Open) -> None:
    page = open_as(adam, "/north-plant/audit/", size=PHONE)
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)


def test_a_list_on_a_phone_leaves_room_for_names(workspace: Workspace, adam: User, open_as: Open) -> None:
    page = open_as(adam, "/north-plant/members/", size=PHONE)
    first = page.locator(".table tbody tr > :first-child").first.bounding_box()
    assert first
    assert first["width"] >= 11 * 16
    tops = page.locator(".filters .filter").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert tops[1] == tops[0], "two filters in a row stand at one height"


def test_paper_shows_no_buttons_but_the_state(anna: User, workspace: Workspace, open_as: Open) -> None:
    now = timezone.now()
    outcome = effects.perform(
        "work.open_action", workspace=workspace, by=anna, about=None, now=now, title="Count tent pegs", urgency=2,
        importance=2,
    )  # fmt: skip
    assert outcome.about
    page = open_as(anna, outcome.about.url)
    page.emulate_media(media="print")
    expect(page.locator(".status", has_text="To do").first).to_be_visible()
    expect(page.locator("button:visible, .btn:visible, textarea:visible")).to_have_count(0)


def test_a_page_that_says_no_stands_in_the_middle(anna: User, workspace: Workspace, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/audit/")
    box = page.locator(".oops").bounding_box()
    assert box
    assert abs(box["x"] + box["width"] / 2 - page.evaluate("document.documentElement.clientWidth") / 2) < 2
    assert box["y"] < 200
