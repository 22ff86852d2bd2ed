"""What every form does alike."""

from collections.abc import Callable

import pytest
from django.test import Client

from opsboard.core.models import User, Workspace

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "metrics/new/", "metrics/dashboards/new/", "metrics/annotations/new/", "metrics/waiting/new/", "metrics/places/",
        "metrics/rates/", "work/actions/new/", "alerts/watches/new/", "alerts/escalation/new/",
    ],
)  # fmt: skip
def test_a_form_that_is_sent_with_nothing_in_it_says_what_is_missing(
    workspace: Workspace, adam: User, sign_in: Callable[[User], Client], path: str
) -> None:
    answer = sign_in(adam).post(f"/{workspace.slug}/{path}", {})
    assert (answer.status_code, answer.content.count(b"error-summary-title")) == (422, 1)
