"""Two complaints that grew: asked why in the browser, written down, acted upon, and proven by the values that came after."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from opsboard.core.models import Role, User, Workspace
from opsboard.core.services import issue_token
from tests.metrics.movements import Story, by_batch, by_hour, midnight
from tests.roads.programs import by_program

pytestmark = [pytest.mark.waits, pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=20_000)


@dataclass
class Desk:
    """Anna before her screen, and a program that sends what comes in."""

    page: Page
    workspace: Workspace
    token: str
    folder: Path

    def open(self, name: str) -> None:
        self.page.goto(reverse(name, kwargs={"workspace": self.workspace.slug}))

    def bring_in(self, name: str, story: Story, grain: str) -> None:
        """A spreadsheet becomes a metric, with its labels."""
        labels = sorted(story[0][2])
        lines = [",".join(["time", "complaints", *labels])]
        lines += [",".join([at.isoformat(), str(count), *(each[one] for one in labels)]) for at, count, each in story]
        file = self.folder / f"{name}.csv"
        file.write_text("\n".join(lines) + "\n")
        self.open("metrics:new_import")
        self.page.set_input_files("input[type=file]", file)
        self.page.locator("main form button[type=submit]").first.click()
        expect(self.page.get_by_text("First rows").first).to_be_visible()
        self.page.fill("input[name=name]", name)
        self.page.select_option("select[name=direction]", "down")
        self.page.select_option("select[name=aggregation]", "sum")
        self.page.select_option("select[name=grain]", grain)
        self.page.locator("button[value=import]").click()
        self.page.get_by_role("link", name="Open the metric").click(timeout=40_000)
        expect(self.page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    def write_down(self, cause: str, decision: str) -> str:
        """What was found goes into the journal; answers the entry's address."""
        self.page.fill("textarea[name=cause]", cause)
        self.page.fill("textarea[name=decision]", decision)
        self.page.get_by_role("button", name="Write into the journal").click()
        expect(self.page.get_by_role("heading", name="Did it help?")).to_be_visible()
        return self.page.url

    def act(self, entry: str, title: str, goal: str) -> str:
        """An action with a goal, done; the entry hears of it by itself. Answers the action's address."""
        self.page.fill("input[name=title]", title)
        self.page.fill("input[name=goal]", goal)
        self.page.get_by_role("button", name="Open an action").click()
        self.page.locator("#movement").get_by_role("link", name=title).click()
        expect(self.page.get_by_role("heading", name=title)).to_be_visible()
        expect(self.page.locator("#action")).to_contain_text("Goal")
        action = self.page.url
        self.page.fill("textarea[name=note]", "Done, and everybody knows")
        self.page.get_by_role("button", name="Done", exact=True).click()
        expect(self.page.locator("#action").get_by_text("Done, and everybody knows").first).to_be_visible()
        self.until(entry, "Not enough to compare yet")
        return action

    def until(self, address: str, *texts: str, seconds: float = 30) -> None:
        """Look again and again, as somebody who waits would, until all of it is there."""
        end, looks = timezone.now() + timedelta(seconds=seconds), 0
        while timezone.now() < end:
            if looks % 8 == 0:
                self.page.goto(address)
            shown = self.page.locator("main").inner_text()
            if all(re.search(text, shown) for text in texts):
                return
            looks += 1
            self.page.wait_for_timeout(250)
        pytest.fail(f"{texts} did not appear at {address}: {shown}")

    def changed_on(self, entry: str, day: datetime, later: Story, key: str) -> None:
        """She says since when it is different, and the program sends what came in since then."""
        self.page.goto(f"{entry}edit/")
        self.page.fill("input[name=changed_on]", day.date().isoformat())
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_role("heading", name="Did it help?")).to_be_visible()
        points = [{"at": at.isoformat(), "value": count, "labels": labels} for at, count, labels in later]
        sent = by_program(self.workspace, self.token, f"metrics/{key}/points", {"points": points})
        assert sent["written"] == len(later)


def weekend_evenings(desk: Desk, today: datetime) -> None:
    """Complaints peak on weekend evenings, 8 to 10 pm: the kitchen. The shifts are changed."""
    changed, story = today - timedelta(weeks=4), by_hour(today)
    desk.bring_in("Complaints by the hour", [one for one in story if one[0] < changed], "hour")
    page = desk.page
    page.get_by_role("link", name="Why did it move?").first.click()
    page.fill("input[name=from]", story[0][0].date().isoformat())
    page.fill("input[name=to]", (changed - timedelta(days=1)).date().isoformat())
    expect(page.locator("select[name=baseline]")).to_contain_text("an even spread over the hours")
    page.select_option("select[name=baseline]", "even")
    expect(page.locator("#why")).to_contain_text(re.compile(r"Saturday, Sunday 20:00–22:00 holds \d\d% of it"))
    expect(page.locator("#why")).to_contain_text("In these hours it is source kitchen")
    expect(page.get_by_role("heading", name="Hours of the week")).to_be_visible()
    entry = desk.write_down("The kitchen, on weekend evenings from 8 to 10", "Two cooks more in these hours")
    expect(page.locator("#movement")).to_contain_text("Saturday, Sunday 20:00–22:00 holds")
    action = desk.act(entry, "Two cooks more on weekend evenings", "9")
    desk.changed_on(entry, changed, [one for one in story if one[0] >= changed], "complaints-by-the-hour")
    fell = r"−(3[5-9]|4[0-5])%"
    desk.until(entry, "Moved, and it was the change", fell, r"95% certainty between −\d\d% and −\d\d%")
    desk.until(action, "From the anomaly journal", "Moved", rf"{fell} \(−\d\d% to −\d\d%\)")


def one_batch(desk: Desk, today: datetime) -> None:
    """Complaints jump: exactly one batch. The supplier's inspection is changed."""
    changed, story = today - timedelta(days=21), by_batch(today, bad=range(22, 37))
    desk.bring_in("Complaints by batch", [one for one in story if one[0] < changed], "day")
    page = desk.page
    page.locator("section", has=page.get_by_role("heading", name="Unusual points")).locator("li a").first.click()
    expect(page.locator("#why")).to_contain_text("A signal:")
    page.fill("input[name=from]", (changed - timedelta(days=15)).date().isoformat())
    page.fill("input[name=to]", (changed - timedelta(days=1)).date().isoformat())
    page.select_option("select[name=baseline]", "before")
    expect(page.locator(".reasons")).to_contain_text(re.compile(r"^\s*batch B17 explains [^.]* of the rise"))
    first = page.locator("table").first.locator("tbody tr").first
    expect(first.locator("td").first).to_have_text("batch B17")
    expect(first).to_contain_text("high")
    entry = desk.write_down("Seals of batch B17 leak", "The supplier inspects every tenth seal")
    action = desk.act(entry, "Inspection at the supplier", "32")
    desk.changed_on(entry, changed, [one for one in story if one[0] >= changed], "complaints-by-batch")
    desk.until(action, "From the anomaly journal", "Moved", r"−\d\d% \(−\d\d% to −\d\d%\)")
    desk.until(entry, "Moved, and it was the change", r"95% certainty between −[\d.]+ and −[\d.]+")


def test_what_is_asked_written_down_and_done_is_proven(
    workspace: Workspace, anna: User, workers: Path, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    now = timezone.now()
    token = issue_token(owner=anna, workspace=workspace, role=Role.EDITOR, name="Desk", now=now)[1]
    desk = Desk(open_page(anna), workspace, token, tmp_path)
    weekend_evenings(desk, midnight(workspace, now))
    one_batch(desk, midnight(workspace, now))
    desk.open("metrics:movement_list")
    assert desk.page.locator("#journal tbody tr", has_text="Moved").count() == 2
