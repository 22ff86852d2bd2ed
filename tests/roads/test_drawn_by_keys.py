"""A process typed into a table by keys alone, on a desk and on a phone, and then moved about in the diagram."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from opsboard.core.models import User, Workspace
from processes import services
from processes.models import Process

pytestmark = [pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}


def names(process: Process) -> list[tuple[str, str]]:
    return [(step.name, step.role) for step in services.drawn(process).steps]


def test_a_process_is_typed_by_keys_and_drawn_on(
    open_page: Callable[..., Page], workspace: Workspace, anna: User, victor: User
) -> None:
    process = services.create_process(workspace=workspace, by=anna, now=timezone.now(), name="Orders")
    here = f"/north-plant/processes/{process.pk}"
    page = open_page(anna, f"{here}/steps/")
    page.locator("input[name=name]").first.click()
    for name, role, time in (("Take order", "Sales", "10–20–45"), ("Pick", "Warehouse", "2 h"), ("Ship", "", "x")):
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type(role) if role else page.keyboard.press("End")
        page.keyboard.press("Tab")
        page.keyboard.type(time)
        page.keyboard.press("Enter")
    expect(page.locator("#steps-state")).to_have_text("Not saved yet.")
    expect(page.locator("input[aria-invalid]")).to_have_value("x")
    page.locator("input[aria-invalid]").fill("30")
    page.keyboard.press("Tab")
    expect(page.locator("#steps-state")).to_have_text("Saved.")
    expect(page.locator("#drawn svg [data-step]")).to_have_count(3)
    assert names(process) == [("Take order", "Sales"), ("Pick", "Warehouse"), ("Ship", "Warehouse")]
    page.locator("input[name=then]").nth(0).fill("2 70 %, 3 30 %")
    page.keyboard.press("Alt+ArrowDown")  # its row goes below the second, and so do the numbers that name it
    expect(page.locator("input[name=then]").nth(1)).to_have_value("1 70 %, 3 30 %")
    page.locator("input[name=name]").nth(2).press("Alt+Delete")
    expect(page.locator("#drawn svg [data-step]")).to_have_count(2)
    expect(page.locator("#steps-state")).to_have_text("Saved.")
    assert sorted(names(process)) == [("Pick", "Warehouse"), ("Take order", "Sales")]

    page.goto(f"{here}/diagram/")
    expect(page.locator("#diagram[data-shown]")).to_be_visible()
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    page.evaluate(
        """() => { const tasks = window.diagram.get("elementRegistry").filter((one) => one.type === "bpmn:Task");
        window.diagram.get("modeling").updateLabel(tasks.find((one) => one.businessObject.name === "Pick"), "Pick & pack"); }"""
    )
    page.keyboard.press("Control+s")
    expect(page.locator("#diagram-state")).to_contain_text("Saved as version")
    assert ("Pick & pack", "Warehouse") in names(process)
    assert {step.working.likely for step in services.drawn(process).steps if step.working} == {1200.0, 7200.0}

    looking = open_page(victor, f"{here}/diagram/")
    expect(looking.locator("#diagram[data-shown]")).to_be_visible()
    expect(looking.locator(".djs-palette")).to_have_count(0)

    phone = open_page(anna, f"{here}/steps/", viewport=PHONE)
    phone.get_by_role("button", name="Add a step").click()
    phone.keyboard.type("Send invoice")
    phone.get_by_role("button", name="Save", exact=True).click()
    expect(phone.locator("#steps-state")).to_have_text("Saved.")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(names(process)) == 3
