"""Every piece of the look, in both themes, on a desk and on a phone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from opsboard.core.models import User
from tests.look.conftest import DESK, PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.look.gallery")]
type Open = Callable[..., Page]
type Ask = Callable[[Page], list[str]]


def keep(page: Page, name: str) -> None:
    """A picture to look at, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_on_any_piece(anna: User, open_as: Open, complaints: Ask, theme: str, size: Any) -> None:
    page = open_as(anna, "/north-plant/gallery/?bad=1", theme=theme, size=size)
    keep(page, f"gallery-{theme}-{size['width']}")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    assert complaints(page) == []


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_makes_the_page_scroll_sideways(anna: User, open_as: Open, width: int) -> None:
    page = open_as(anna, "/north-plant/gallery/?bad=1", size={"width": width, "height": 844})
    assert page.title() == "Gallery · Opsboard"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_form_in_the_dialog_shows_its_errors_and_closes_when_saved(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.click("#opener")
    dialog = page.get_by_role("dialog", name="Rename")
    expect(dialog).to_be_visible()
    page.click("#send")
    expect(dialog.get_by_role("alert")).to_be_focused()
    dialog.get_by_label("Title").fill("Returns")
    page.click("#send")
    expect(dialog).to_be_hidden()
    expect(page.locator(".toast-note")).to_have_text("Saved.")


def test_a_broken_answer_is_told_in_words_and_swaps_nothing(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.click("#broken")
    expect(page.locator(".toast-note")).to_contain_text("Something went wrong on our side")
    expect(page.locator("#broken")).to_have_text("Break")


def test_a_dangerous_button_asks_first(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete this for good?")
    question.get_by_role("button", name="Cancel").click()
    assert "needs your attention" not in page.content()
    page.get_by_role("button", name="Delete").click()
    question.get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_text("4 things need your attention")).to_be_visible()


def test_a_card_moves_by_keys_and_says_where_it_is(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    card = page.locator("#card-1")
    card.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("[data-column=doing] .board-card")).to_have_count(2)
    expect(page.locator("#announcer")).to_have_text("Card 1: now in Doing, place 1 of 2")
    expect(card).to_be_focused()
    expect(card).to_have_attribute("data-version", "2")
    expect(page.locator(".toast-note")).to_contain_text("over its WIP limit of 1")


def test_a_card_that_may_not_move_goes_back_and_says_why(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.get_by_role("button", name="Move card 3").click()
    page.locator("#menu-3").get_by_role("button", name="Done").click()
    expect(page.locator(".toast-note")).to_have_text("The card is locked by the review.")
    expect(page.locator("[data-column=todo] .board-card")).to_have_count(3)


def test_a_card_moves_by_drag(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.locator("#card-5").scroll_into_view_if_needed()
    start, end = page.locator("#card-2").bounding_box(), page.locator("#card-5").bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 60, start["y"] + 14)
    page.mouse.down()
    page.mouse.move(start["x"] + 90, start["y"] + 20, steps=4)
    expect(page.locator(".sortable-ghost")).to_have_count(1)
    page.mouse.move(end["x"] + 60, end["y"] + 30, steps=12)
    expect(page.locator("[data-column=done] .sortable-ghost")).to_have_count(1)
    page.mouse.up()
    expect(page.locator("[data-column=done] .board-card")).to_have_count(2)
    expect(page.locator("#card-2")).to_have_attribute("data-version", "2")


def test_what_changed_is_read_again(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:alerts'))")
    expect(page.locator("#listener")).to_have_text("heard")


def test_typed_text_is_not_lost_without_a_warning(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.get_by_label("Title").fill("half a sentence")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.reload()
    assert asked == ["beforeunload"]


def test_the_menu_of_a_phone_works_by_keyboard(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/", size=PHONE)
    page.get_by_role("button", name="Menu", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#menu")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#menu a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()


def test_keys_lead_through_the_house_and_can_be_turned_off(anna: User, open_as: Open) -> None:
    page = open_as(anna, "/north-plant/gallery/")
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_dialog).to_be_visible()
    help_dialog.get_by_label("Use single-key shortcuts in this browser").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(help_dialog).to_be_hidden()
