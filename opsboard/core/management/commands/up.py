"""Run the whole house under one supervisor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from opsboard import up


class Command(BaseCommand):
    help = "Starts PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL are set), web, events, workers and beat."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        up.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(up.up(port=options["port"], host=options["host"], demo=not options["no_demo"]))
