"""The work in a browser: nothing for axe to find; cards move by key, by hand and by menu, and a stale one goes back."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from opsboard.core.models import User, Workspace
from opsboard.work import services
from opsboard.work.models import Action
from tests.look.conftest import DESK, PHONE
from tests.look.test_gallery import Ask, Open, keep

pytestmark = pytest.mark.django_db(transaction=True)
BOARD = "/north-plant/work/"


def open_some(workspace: Workspace, by: User, now: datetime) -> list[Action]:
    today = timezone.localdate(now, workspace.zone)
    days = {
        "Count the pegs at goods-in": 5,
        "Agree on a pick-up at 15:00": 0,
        "Merge the two return forms into one": -3,
    }
    return [
        services.open_action(
            workspace=workspace, by=by, now=now, title=title, owner=by, due_on=today + timedelta(days=due)
        )
        for title, due in days.items()
    ]


def in_column(page: Page, column: str, title: str) -> None:
    expect(page.locator(f"[data-column={column}]").get_by_text(title)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_the_work(
    workspace: Workspace, anna: User, open_as: Open, complaints: Ask, theme: str
) -> None:
    anna.language = "zh-hans" if theme == "dark" else "en"
    anna.save()
    now = timezone.now()
    page = open_as(anna, BOARD, theme=theme, size=PHONE if theme == "dark" else DESK)
    assert complaints(page) == []
    first, second, _third = open_some(workspace, anna, now)
    services.comment_on(action=first, text="The supplier agrees.", by=anna, now=now)
    services.close_action(action=second, by=anna, now=now, note="Done since Monday.")
    site = "/".join(page.url.split("/")[:3])
    pages = ("", "?who=me", "actions/", "actions/new/", f"actions/{first.pk}/", f"actions/{second.pk}/", f"actions/{first.pk}/change/")  # fmt: skip
    for path in pages:
        page.goto(f"{site}{BOARD}{path}")
        keep(page, f"work-{path.strip('/?').replace('/', '-') or 'board'}-{theme}")
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def drag(page: Page, card: Action, column: str, *, steps: int) -> None:
    """Take a card by its lower edge to the head of a column and let go there."""
    taken, target = (
        page.locator(f"#card-{card.pk}").bounding_box(),
        page.locator(f"[data-column={column}]").bounding_box(),
    )
    assert taken
    assert target
    page.mouse.move(taken["x"] + 20, taken["y"] + taken["height"] - 6)
    page.mouse.down()
    page.mouse.move(taken["x"] + 60, taken["y"] + 30, steps=steps)
    page.mouse.move(target["x"] + 60, target["y"] + 20, steps=steps)


def test_a_card_moves_by_key_by_hand_and_by_menu(workspace: Workspace, anna: User, open_as: Open) -> None:
    pegs, pick_up, forms = open_some(workspace, anna, timezone.now())
    page = open_as(anna, BOARD)
    page.locator(f"#card-{pegs.pk}").focus()
    with page.expect_response("**/move/"):
        page.keyboard.press("Alt+ArrowRight")
    in_column(page, "doing", pegs.title)
    page.locator(f"#card-{pick_up.pk} .board-card-menu").click()
    with page.expect_response("**/move/"):
        page.locator(f"#card-{pick_up.pk} [data-move-to=done]").click()
    in_column(page, "done", pick_up.title)
    drag(page, forms, "doing", steps=15)
    expect(page.locator(f"[data-column=doing] #card-{forms.pk}")).to_be_visible()
    with page.expect_response("**/move/"):
        page.mouse.up()
    in_column(page, "doing", forms.title)
    states = dict(Action.objects.values_list("pk", "state"))
    assert states == {pegs.pk: "doing", pick_up.pk: "done", forms.pk: "doing"}


def test_a_quick_hand_reaches_an_empty_column_too(workspace: Workspace, anna: User, open_as: Open) -> None:
    card = open_some(workspace, anna, timezone.now())[0]
    page = open_as(anna, BOARD)
    with page.expect_response("**/move/"):
        drag(page, card, "done", steps=1)
        page.mouse.up()
    in_column(page, "done", card.title)
    assert Action.objects.get(pk=card.pk).state == "done"


def test_a_card_that_somebody_moved_meanwhile_goes_where_it_is(
    workspace: Workspace, anna: User, wang: User, open_as: Open
) -> None:
    card = open_some(workspace, anna, timezone.now())[0]
    page = open_as(anna, BOARD)
    services.move_action(action=card, column="done", position=0, by=wang, now=timezone.now())
    page.locator(f"#card-{card.pk}").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.get_by_text("Somebody moved or changed this card meanwhile")).to_be_visible()
    in_column(page, "done", card.title)
    assert Action.objects.get(pk=card.pk).state == "done"


def test_both_texts_are_shown_and_one_is_chosen(workspace: Workspace, anna: User, wang: User, open_as: Open) -> None:
    card = open_some(workspace, anna, timezone.now())[0]
    page = open_as(anna, f"{BOARD}actions/{card.pk}/change/")
    services.change_action(action=card, version=1, by=wang, now=timezone.now(), title="Weigh the pegs")
    page.get_by_label("Title").fill("Count and weigh the pegs")
    page.get_by_role("button", name="Save").click()
    for text in ("Weigh the pegs", "Count and weigh the pegs"):
        expect(page.get_by_role("cell", name=text, exact=True)).to_be_visible()
    page.get_by_role("button", name="Save mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Count and weigh the pegs")
