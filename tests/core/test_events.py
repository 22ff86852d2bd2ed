"""What happened is written down once, and every reaction hears it once."""

from datetime import datetime

import pytest

from opsboard.core import notices
from opsboard.core.models import Delivery, Notice, User, Workspace

pytestmark = pytest.mark.django_db


def test_somebody_is_told_once_even_when_told_twice(workspace: Workspace, anna: User, now: datetime) -> None:
    for _ in range(2):
        notices.tell([anna], "Yield fell", "/x/", workspace=workspace, now=now, unique_as="alert:1:1:fired")
    assert Notice.objects.filter(user=anna).count() == 1
    assert Delivery.objects.filter(recipient=anna.email).count() == 1


def test_strangers_are_not_told(workspace: Workspace, stranger: User, now: datetime) -> None:
    notices.tell([stranger], "Yield fell", workspace=workspace, now=now, unique_as="alert:1:1:fired")
    assert not Notice.objects.exists()
