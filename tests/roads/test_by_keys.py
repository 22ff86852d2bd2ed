"""Sources, trades, the tree and channels in a browser, by keyboard alone, on a screen and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from metrics.models import Metric, Source
from opsboard.core.models import Channel, User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)
expect.set_options(timeout=15_000)


def at(workspace: Workspace, name: str, **more: object) -> str:
    return reverse(name, kwargs={"workspace": workspace.slug, **more})


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """By keys: what is pressed can be reached with Tab and shows that it has the focus."""
    target.focus()
    assert target.evaluate("it => it === document.activeElement && it.tabIndex >= 0")
    page.keyboard.press(key)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_trade_becomes_a_tree_by_keys(workspace: Workspace, anna: User, open_page: Callable[..., Page]) -> None:
    page = open_page(anna, at(workspace, "metrics:trade_list"))
    gap = page.evaluate(
        "document.querySelector('.trades').getBoundingClientRect().top - document.querySelector('.lead').getBoundingClientRect().bottom"
    )
    assert gap >= 8
    press(page, page.locator(".trades a").first)
    choices = page.locator("input[name=metric]")
    expect(choices.first).to_be_checked()
    count = choices.count()
    press(page, choices.last, "Space")
    press(page, page.get_by_role("button", name="Create the chosen ones"))
    expect(page).to_have_url(re.compile("/tree/"))
    assert Metric.objects.count() == count - 1
    star = Metric.objects.get(north_star=True)
    press(page, page.locator(f"a[href='{star.get_absolute_url()}']").first)
    expect(page.get_by_role("heading", name=star.name, exact=True)).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("metrics:metric_tree", "metrics:trade_list", "metrics:front"):
        page.goto(at(workspace, name))
        assert fits(page), name
    # The numbers on the front are a page, whoever asks for it.
    expect(page.locator("header .bar, .bar").first).to_be_visible()
    expect(page.get_by_role("heading", name="On the front").first).to_be_visible()


def test_a_source_is_set_up_by_keys(workspace: Workspace, anna: User, open_page: Callable[..., Page]) -> None:
    page = open_page(anna, at(workspace, "metrics:source_list"))
    press(page, page.get_by_role("link", name="Sources", exact=True))
    page.goto(at(workspace, "metrics:new_source"))
    top = page.locator(".choice-cards").evaluate("it => parseFloat(getComputedStyle(it).marginTop)")
    assert top >= 8
    press(page, page.locator("a[href$='/sources/new/indicator/']"))
    page.locator("input[name=name]").fill("Overdue actions, each hour")
    page.locator("select").first.focus()
    number = page.locator("select[name=indicator], select[name=key]").first
    number.select_option(index=1)
    press(page, page.locator("main form button[type=submit]").last)
    expect(page).to_have_url(re.compile("/columns/"))
    press(page, page.locator("button[value=save]"))
    expect(page.get_by_role("heading", name="Overdue actions, each hour")).to_be_visible()
    source = Source.objects.get()
    assert source.mapping
    press(page, page.get_by_role("button", name="Pause"))
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    assert fits(page)


def test_a_channel_is_set_up_tried_and_chosen_by_keys(
    workspace: Workspace, adam: User, anna: User, open_page: Callable[..., Page]
) -> None:
    page = open_page(adam, at(workspace, "core:channel_list"))
    page.goto(at(workspace, "core:new_channel"))
    press(page, page.locator("a[href*='kind=in_app']").first)
    page.locator("input[name=name]").fill("Shift leads")
    press(page, page.get_by_label("Anna"), "Space")
    press(page, page.locator("main form button[type=submit]").last)
    expect(page.get_by_role("heading", name="Shift leads")).to_be_visible()
    press(page, page.get_by_role("button", name="Send a test"))
    expect(page.get_by_text("The test arrived.").first).to_be_visible()
    channel = Channel.objects.get()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(at(workspace, "alerts:new_watch"))
    expect(page.locator(f"input[name=channels][value='{channel.pk}']")).to_be_visible()
    assert fits(page)
    page.goto(at(workspace, "core:channel_list"))
    assert fits(page)
