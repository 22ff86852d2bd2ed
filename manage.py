#!/usr/bin/env python3
"""Django's commands, and `up`, which runs everything."""

import os
import sys
from importlib import import_module

try:
    from opsboard import up
except ModuleNotFoundError as error:
    sys.exit(
        f"opsboard: {error.name} is not installed for this Python. `make run` installs everything; "
        "afterwards commands run as .venv/bin/python manage.py COMMAND."
    )

NO_SERVER = (
    "opsboard: no server answers. Start everything with `make run` (or .venv/bin/python manage.py up) "
    "and run this in a second terminal, or set DATABASE_URL and REDIS_URL to servers of your own."
)
# By name: `up` needs none of these packages, and starts a second sooner without them.
SILENT_SERVERS = {
    "django.db.utils.OperationalError": "DATABASE_URL",
    "redis.exceptions.ConnectionError": "REDIS_URL",
    "kombu.exceptions.OperationalError": "REDIS_URL",
}


def silent_server(error: Exception) -> str:
    """The setting whose server doesn't answer, or nothing when the trouble is another one."""
    names = (f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__)
    return next((SILENT_SERVERS[name] for name in names if name in SILENT_SERVERS), "")


def main(arguments: list[str]) -> None:
    if arguments[1:2] == ["up"]:
        sys.exit(up.main(arguments[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")
    try:
        import_module("django.core.management").execute_from_command_line(arguments)
    except Exception as error:
        name = silent_server(error)
        if not name:
            raise
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        sys.exit(f"opsboard: the server in {name} doesn't answer: {reason}" if os.environ.get(name) else NO_SERVER)


if __name__ == "__main__":
    main(sys.argv)
