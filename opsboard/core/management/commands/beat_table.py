"""Prints the one beat table: every periodic task of every app."""

from typing import Any

from django.core.management.base import BaseCommand

from opsboard.core import registry


class Command(BaseCommand):
    help = "Prints what runs on a schedule, how often, and in which queue."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for name, entry in sorted(registry.beat_table().items()):
            self.stdout.write(f"{entry['schedule']:>8.0f} s  {entry['options']['queue']:<8}  {name}")
