"""Look whether the evaluator of alerts is alive, from a process of its own."""

import logging
import time
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from opsboard.alerts import services

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Tells the admins by mail and in the app when no tick was judged in three intervals, and when it is back."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="look once and end")
        parser.add_argument("--every", type=float, default=10, help="seconds between two looks")
        parser.add_argument("--since", type=datetime.fromisoformat, help="nothing is known of the time before")

    def handle(self, *args: Any, **options: Any) -> None:
        since = options["since"] or timezone.now()
        while True:
            try:
                services.look(now=timezone.now(), since=since)
            except DatabaseError as fault:
                log.warning("the database does not answer: %s", fault)
            if options["once"]:
                return
            close_old_connections()
            time.sleep(options["every"])
