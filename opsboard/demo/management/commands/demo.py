"""`manage.py demo WORKSPACE`: furnishes a workspace, made if it is not there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from opsboard.core.models import User, Workspace
from opsboard.core.services import create_workspace
from opsboard.demo import company


class Command(BaseCommand):
    help = "Furnishes a workspace with a demo company: numbers, alerts, actions, reviews and people."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", help="the workspace's address, such as demo")
        parser.add_argument(
            "--language", choices=[code for code, _name in settings.LANGUAGES], default=settings.LANGUAGE_CODE
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slug, language = options["workspace"], options["language"]
        workspace = Workspace.objects.filter(slug=slug).first()
        with translation.override(language):
            if workspace is None:
                workspace = create_workspace(
                    name=company.name(),
                    slug=slug,
                    timezone="Asia/Shanghai" if language == "zh-hans" else settings.TIME_ZONE,
                    language=language,
                )
            elif company.is_furnished(workspace):
                raise CommandError(f"The workspace “{slug}” has numbers already; choose another name for the demo.")
            by = User.objects.filter(is_superuser=True).order_by("pk").first()
            company.furnish(workspace=workspace, by=by, now=timezone.now())
        self.stdout.write(f"The workspace “{slug}” is furnished.")
