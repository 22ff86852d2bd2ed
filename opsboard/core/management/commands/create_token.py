"""An API token from the command line, for whoever hosts the house."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from opsboard.core.models import Membership, Role, User, Workspace
from opsboard.core.services import issue_token
from opsboard.core.services.people import known_person


class Command(BaseCommand):
    help = "Prints a new API token of a workspace. It is shown this once and not stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="The workspace's address, such as north-plant.")
        parser.add_argument("--role", default="viewer", choices=[role.name.lower() for role in Role])
        parser.add_argument(
            "--owner", default="", help="E-mail or user name of a member; an admin where none is given."
        )
        parser.add_argument("--name", default="Command line", help="Which program it is for.")
        parser.add_argument("--days", type=int, default=365, help="How long it works: 730 days at most.")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            known = ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
            raise CommandError(f"There is no workspace {options['workspace']}. There are: {known}.")
        try:
            _token, secret = issue_token(
                workspace=workspace,
                owner=self.owner(workspace, options["owner"]),
                role=Role[options["role"].upper()],
                name=options["name"],
                now=timezone.now(),
                life=timedelta(days=options["days"]),
            )
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(secret)

    def owner(self, workspace: Workspace, login: str) -> User:
        if login:
            person = known_person(login)
            if person is None:
                raise CommandError(f"There is nobody called {login}.")
            return person
        first = (
            Membership.objects.active()
            .of(workspace)
            .at_least(Role.ADMIN)
            .select_related("user")
            .order_by("-user__is_superuser", "pk")
            .first()
        )
        if first is None:
            raise CommandError(f"The workspace {workspace.slug} has no admin who could own a token.")
        return first.user
