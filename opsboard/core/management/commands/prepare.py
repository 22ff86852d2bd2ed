"""What lies between running servers and the first page: tables, words, static files, and furniture on the first start."""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from opsboard.core.models import User, Workspace
from opsboard.core.services.people import create_admin, create_workspace

# Of static/vendor only the server reads the first two; the rest are unused twins of what is used, slow to compress.
NOT_FOR_BROWSERS = ("print", "icons.json", "*.map", "htmx-2*", "htmax*", "xregexp.js", "jquery.js", "select2.full.js")
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for something else


class Command(BaseCommand):
    help = (
        "Brings tables, translations and static files up to date; furnishes an empty installation and makes its admin."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-demo", action="store_true", help="begin with an empty workspace instead of the demo company"
        )
        parser.add_argument(
            "--report", type=int, help="a file descriptor that gets the admin's first password, as JSON"
        )
        parser.add_argument(
            "--new-password", action="store_true", help="only give the first admin a new password, and print it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_password"]:
            self.renew_password()
            return
        self.compile_messages()
        self.collect_static_files()
        self.migrate()
        with transaction.atomic():  # admin and company, or nothing: the next start can try again
            news = self.make_admin()
            self.furnish(demo=not options["no_demo"])
            if news:
                join_every_workspace(**news)
        if news:
            self.tell(options["report"], **news)

    def compile_messages(self) -> None:
        sources = settings.BASE_DIR.glob("*/**/locale/*/LC_MESSAGES/django.po")
        ours = [source for source in sources if not {"node_modules", ".venv", "var"} & set(source.parts)]
        if any(_older(source.with_suffix(".mo"), source) for source in ours):
            self.stdout.write("Compiling the translations.")
            call_command("messages", "--compile")

    def collect_static_files(self) -> None:
        if settings.DEBUG:
            return
        stamp, now = (Path(settings.STATIC_ROOT) / ".stamp", _fingerprint_of_static_files())
        if stamp.exists() and stamp.read_text() == now:
            return
        self.stdout.write("Collecting the static files.")
        call_command(
            "collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=list(NOT_FOR_BROWSERS)
        )
        stamp.write_text(now)

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Bringing the database's tables up to date.")
            call_command("migrate", interactive=False, verbosity=0)

    def make_admin(self) -> dict[str, str]:
        """The first admin; empty when there is one."""
        if User.objects.filter(is_superuser=True).exists():
            return {}
        news = {
            "email": os.environ.get("ADMIN_EMAIL") or "admin@localhost",
            "password": os.environ.get("ADMIN_PASSWORD") or _easy_password(),
        }
        join_every_workspace(**news)
        return news

    def furnish(self, *, demo: bool) -> None:
        if Workspace.objects.exists():
            return
        if demo and "demo" in get_commands():
            self.stdout.write("Furnishing the demo company.")
            call_command("demo", "demo")
        else:
            create_workspace(name=os.environ.get("WORKSPACE_NAME") or "Our company", timezone=settings.TIME_ZONE)

    def tell(self, report: int | None, *, email: str, password: str) -> None:
        if os.environ.get("ADMIN_PASSWORD"):
            return  # whoever chose it knows it
        if report is None:
            self.tell_password(email, password)
        else:
            with os.fdopen(report, "w") as pipe:
                json.dump({"email": email, "password": password}, pipe)

    def renew_password(self) -> None:
        admin = User.objects.filter(is_superuser=True).order_by("pk").first()
        if admin is None:
            raise CommandError("There is no admin yet. Run: manage.py prepare")
        password = _easy_password()
        admin.set_password(password)
        admin.save(update_fields=["password"])
        self.tell_password(admin.username, password)

    def tell_password(self, email: str, password: str) -> None:
        self.stdout.write(f"Sign in as {email} with the password {password} (shown this once).")


def join_every_workspace(*, email: str, password: str) -> None:
    """Made when missing, and admin of every workspace that there is by now."""
    create_admin(email=email, password=password, language=settings.LANGUAGE_CODE, timezone=settings.TIME_ZONE)


def _easy_password() -> str:
    """79 bits that can be typed from paper."""
    return "-".join("".join(secrets.choice(ALPHABET) for _letter in range(4)) for _group in range(4))


def _older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _fingerprint_of_static_files() -> str:
    """Changes when a static file of ours or of a package is added, changed or removed."""
    print_ = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(list(NOT_FOR_BROWSERS)):
            found = os.stat(storage.path(path))
            print_.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return print_.hexdigest()
