"""One search over everything that has a name."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from opsboard.core import events, search
from opsboard.core.access import Viewer, the_house
from opsboard.core.models import SearchEntry, User, Workspace
from opsboard.review import services

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed_week(workspace: Workspace, anna: User, now: datetime) -> None:
    review = services.open_review(workspace=workspace, period=workspace.week_of(now), now=now)
    services.close_week(review=review, summary="Pallets wait at gate four", by=anna, now=now)
    events.deliver_waiting(now=now)


def test_what_happened_to_a_thing_is_found_at_once(closed_week: None, editor: Viewer) -> None:
    assert [row.state for row in search.find(editor, "pallets gate")] == ["closed"]


def test_all_words_must_be_there(closed_week: None, editor: Viewer) -> None:
    assert search.find(editor, "pallets aeroplane") == []


def test_what_is_gone_is_no_longer_found(closed_week: None, workspace: Workspace) -> None:
    SearchEntry.objects.create(workspace=workspace, model="review.review", object_id=999, name="Gone", url="/")
    search.index_all(workspace=workspace)
    assert search.find(the_house(workspace), "gone") == []


def test_what_is_limited_to_a_team_is_not_found_by_others(workspace: Workspace, editor: Viewer) -> None:
    SearchEntry.objects.create(
        workspace=workspace, model="review.review", object_id=7, name="Salaries", url="/", limited_to=[12345]
    )
    assert search.find(editor, "salaries") == []
    assert len(search.find(the_house(workspace), "salaries")) == 1


def test_strangers_find_nothing_of_ours(
    closed_week: None, other_workspace: Workspace, stranger: User, sign_in: Callable[[User], Client]
) -> None:
    page = sign_in(stranger).get("/south-shop/search/?q=pallets").content.decode()
    assert "gate four" not in page
    assert "Nothing found" in page
