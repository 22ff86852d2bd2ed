"""The demo company gives every page something to show, in both languages."""

import re
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone, translation

from metrics.models import Metric, WaitingItem
from opsboard.alerts.models import Alert
from opsboard.core.models import Delivery, Role, User, Workspace
from opsboard.core.services import add_member, create_workspace
from opsboard.demo import company
from opsboard.review.models import Review
from opsboard.work.models import Action

pytestmark = pytest.mark.django_db
MARKUP = re.compile(r"<(script|style|svg).*?</\1>|<[^>]+>", re.DOTALL)
ASCII_MARK_AFTER_CHINESE = re.compile(r"[\u4e00-\u9fff][,:.] ?(?:\d|$)", re.MULTILINE)


def test_the_command_furnishes_a_workspace_sends_no_mail_and_refuses_to_do_it_twice() -> None:
    call_command("demo", "lakeside", verbosity=0)
    workspace = Workspace.objects.get(slug="lakeside")
    assert Metric.objects.filter(workspace=workspace).count() == 9
    assert Alert.objects.filter(workspace=workspace).exists()
    assert Metric.objects.get(workspace=workspace, north_star=True).key == "sales"
    oldest = WaitingItem.objects.open().longest_first().first()
    assert oldest is not None
    assert oldest.reference == "AS-1240"
    assert Alert.objects.filter(workspace=workspace, watch__indicator="metrics.oldest_open:after-sales").exists()
    assert set(Action.objects.values_list("state", flat=True)) == {"to_do", "doing", "done"}
    assert Review.objects.closed().count() == 3
    assert not Delivery.objects.exists()
    with pytest.raises(CommandError, match="numbers already"):
        call_command("demo", "lakeside", verbosity=0)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_front_page_stands_in_the_demo(language: str, sign_in: Callable[[User], Client]) -> None:
    with translation.override(language):
        workspace = create_workspace(name="Demo", slug="demo", language=language, timezone="Asia/Shanghai")
        company.furnish(workspace=workspace, by=None, now=timezone.now())
    user = User.objects.create_user("guest@demo.example", "guest@demo.example", language=language)
    add_member(workspace=workspace, user=user, role=Role.ADMIN)
    client = sign_in(user)
    home = client.get("/demo/")
    pages = [item["url"] for part in home.context["navigation"]() for item in part["items"]]
    for url in ("/demo/", *pages):
        answer = client.get(url, follow=True)
        assert answer.status_code == 200, url
        if language == "zh-hans":
            words = MARKUP.sub("\n", answer.content.decode())
            assert not ASCII_MARK_AFTER_CHINESE.findall(words), url
