"""The week's review: read, decide, choose one or two fixes, close."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from opsboard.core import effects, snapshots, telling
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.models import Occurrence, Snapshot, User, Workspace
from opsboard.review import services
from opsboard.review.models import Review

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]


@pytest.fixture
def review(workspace: Workspace, now: datetime) -> Review:
    return services.open_review(workspace=workspace, period=workspace.week_of(now), now=now)


def action(workspace: Workspace, number: int) -> Ref:
    """Anything with a model and an id can be a fix; a team is at hand everywhere."""
    return Ref("core.team", number, f"Fix number {number}", f"/{workspace.slug}/")


def week_page(review: Review) -> str:
    return reverse("review:week", kwargs={"workspace": review.workspace.slug, "week": review.week})


def test_the_week_is_the_iso_week_of_the_workspace(review: Review) -> None:
    assert review.week == "2026-W47"


def test_a_week_that_has_not_begun_cannot_be_reviewed(workspace: Workspace, now: datetime) -> None:
    with pytest.raises(ValidationError):
        services.open_review(workspace=workspace, period=workspace.period("2026-W48"), now=now)


def test_a_tile_is_compared_with_the_whole_of_a_week_ago_not_with_one_of_its_parts(
    workspace: Workspace, editor: Viewer, anna: User, now: datetime
) -> None:
    effects.perform(
        "work.open_action", workspace=workspace, by=anna, now=now - timedelta(days=10), title="Sharpen knives"
    )
    before = now - timedelta(days=7)
    snapshots.take(workspace=workspace, now=before)
    Snapshot.objects.create(
        workspace=workspace, key="work.oldest_open", labels={"team": "Zinc"}, at=before, value=1.0, weight=1.0
    )
    tiles = {one.entry.key: one for one in telling.tiles(editor, now)}
    assert list(tiles) == ["work.open", "work.overdue", "work.oldest_open", "alerts.firing"]
    assert tiles["work.oldest_open"].value == pytest.approx(10)
    assert tiles["work.oldest_open"].change == pytest.approx(7)
    assert (tiles["work.open"].value, tiles["work.open"].change, tiles["work.open"].tone) == (1, 0, "quiet")


def test_a_week_takes_two_fixes_and_refuses_the_third(
    workspace: Workspace, review: Review, anna: User, now: datetime
) -> None:
    for number in (1, 2):
        services.choose_fix(review=review, action=action(workspace, number), by=anna, now=now)
    with pytest.raises(ValidationError, match="Two fixes"):
        services.choose_fix(review=review, action=action(workspace, 3), by=anna, now=now)
    assert [fix.place for fix in review.fixes.all()] == [1, 2]


def test_a_fix_that_is_put_back_leaves_its_place_to_another(
    workspace: Workspace, review: Review, anna: User, now: datetime
) -> None:
    first = services.choose_fix(review=review, action=action(workspace, 1), by=anna, now=now)
    services.choose_fix(review=review, action=action(workspace, 2), by=anna, now=now)
    services.put_back_fix(fix=first)
    assert services.choose_fix(review=review, action=action(workspace, 3), by=anna, now=now).place == 1


def test_the_same_fix_is_chosen_once(workspace: Workspace, review: Review, anna: User, now: datetime) -> None:
    services.choose_fix(review=review, action=action(workspace, 1), by=anna, now=now)
    with pytest.raises(ValidationError, match="already"):
        services.choose_fix(review=review, action=action(workspace, 1), by=anna, now=now)


def test_closing_is_said_once_and_ends_all_changes(review: Review, anna: User, now: datetime) -> None:
    for _ in range(2):
        services.close_week(review=review, summary="Replies are fast again.", by=anna, now=now)
    assert Occurrence.objects.filter(key="review.week_closed").count() == 1
    with pytest.raises(ValidationError, match="closed"):
        services.note_decision(review=review, text="One more thing", by=anna, now=now)


def test_a_reopened_week_can_be_changed_again(review: Review, anna: User, now: datetime) -> None:
    services.close_week(review=review, summary="", by=anna, now=now)
    services.reopen_week(review=review, by=anna, now=now)
    services.note_decision(review=review, text="Second shift on Fridays", by=anna, now=now)
    assert review.decisions.count() == 1


def test_a_decision_needs_words(review: Review, anna: User, sign_in: SignIn) -> None:
    answer = sign_in(anna).post(f"{week_page(review)}decisions/", {"text": " "}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Write down what was decided." in answer.content.decode()


def test_an_editor_notes_a_decision_and_sees_it(review: Review, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    assert client.post(f"{week_page(review)}decisions/", {"text": "Second shift on Fridays"}).status_code == 303
    assert "Second shift on Fridays" in client.get(week_page(review)).content.decode()


def test_a_viewer_reads_but_does_not_close(review: Review, victor: User, sign_in: SignIn) -> None:
    client = sign_in(victor)
    assert client.get(week_page(review)).status_code == 200
    assert client.post(f"{week_page(review)}close/").status_code == 403


def test_a_stranger_does_not_learn_that_the_week_exists(review: Review, stranger: User, sign_in: SignIn) -> None:
    assert sign_in(stranger).get(week_page(review)).status_code == 404


def test_looking_at_a_week_writes_nothing(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    url = reverse("review:week", kwargs={"workspace": workspace.slug, "week": "2026-W40"})
    assert sign_in(anna).get(url).status_code == 200
    assert not Review.objects.exists()


@pytest.mark.parametrize("week", ["2026-W54", "today", "2026-11", "9999-W01", "2031-W01"])
def test_an_address_that_names_no_week_is_not_found(
    week: str, workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    url = reverse("review:week", kwargs={"workspace": workspace.slug, "week": week})
    assert sign_in(anna).get(url).status_code == 404


def test_a_page_that_was_open_when_the_week_was_closed_learns_why_nothing_changes(
    workspace: Workspace, review: Review, anna: User, now: datetime, sign_in: SignIn
) -> None:
    decision = services.note_decision(review=review, text="Second shift on Fridays", by=anna, now=now)
    fix = services.choose_fix(review=review, action=action(workspace, 1), by=anna, now=now)
    services.close_week(review=review, summary="", by=anna, now=now)
    client = sign_in(anna)
    for stale in (f"decisions/{decision.pk}/drop/", f"fixes/{fix.pk}/put-back/"):
        page = client.post(week_page(review) + stale, follow=True)
        assert page.status_code == 200
        assert "This week is closed. Reopen it to change it." in page.text
    assert (review.decisions.count(), review.fixes.count()) == (1, 1)


def test_an_overdue_action_is_chosen_as_it_stands(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    """Its button leads to a page that says so, and from there into the week; it used to lead back to where one was."""
    today = timezone.now()
    outcome = effects.perform(
        "work.open_action", workspace=workspace, by=anna, about=None, now=today,
        title="Count tent pegs", due_on=today.date() - timedelta(days=3), urgency=2, importance=2,
    )  # fmt: skip
    assert outcome.about
    week = f"/{workspace.slug}/review/{workspace.week_of(today).slug}/"
    client = sign_in(anna)
    button = re.search(r'href="([^"]*fixes/[?]finding=work[.]overdue[^"]*)"', client.get(week).content.decode())
    assert button, "the overdue action is a finding of the week"
    asked = client.get(unescape(button.group(1)))
    assert asked.status_code == 200
    assert "an action already" in asked.content.decode()
    client.post(f"{week}fixes/", {"finding": asked.context["found"].key})
    fix = Review.objects.get(week=workspace.week_of(today).slug).fixes.get()
    assert fix.about_id == outcome.about.pk
