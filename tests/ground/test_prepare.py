"""The first start makes an admin and a company, all or nothing, and the second one makes neither."""

import io

import pytest
from django.core.management import CommandError, call_command

from opsboard.core.management.commands import prepare
from opsboard.core.models import Membership, Role, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare.Command, "collect_static_files", lambda self: None)
    monkeypatch.setattr(prepare.Command, "compile_messages", lambda self: None)
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("prepare", *arguments, stdout=out)
    return out.getvalue()


def test_the_first_admin_enters_every_workspace_with_a_password_that_is_told_once() -> None:
    first, second = said("--no-demo"), said("--no-demo")
    admin = User.objects.get(is_superuser=True)
    assert admin.check_password(first.partition(" with the password ")[2].split()[0])
    assert "password" not in second
    membership = Membership.objects.get(user=admin)
    assert (membership.workspace, membership.role) == (Workspace.objects.get(), Role.ADMIN)


def test_a_chosen_password_is_used_and_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_EMAIL", "ada@north.example")
    monkeypatch.setenv("ADMIN_PASSWORD", "a phrase that I chose myself")
    assert "a phrase" not in said("--no-demo")
    assert User.objects.get(email="ada@north.example").check_password("a phrase that I chose myself")


def test_furniture_that_breaks_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(self: prepare.Command, *, demo: bool) -> None:
        Workspace.objects.create(name="Half a company", slug="half")
        raise CommandError("the lorry broke down")

    monkeypatch.setattr(prepare.Command, "furnish", break_down)
    with pytest.raises(CommandError):
        said()
    assert not Workspace.objects.exists()
    assert not User.objects.exists()


def test_a_lost_password_can_be_renewed() -> None:
    said("--no-demo")
    renewed = said("--new-password").partition(" with the password ")[2].split()[0]
    assert User.objects.get(is_superuser=True).check_password(renewed)


def test_renewing_before_the_first_start_says_what_to_run() -> None:
    with pytest.raises(CommandError, match=r"manage\.py prepare"):
        said("--new-password")
