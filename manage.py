#!/usr/bin/env python3
"""Django's commands, and `up`, which runs everything."""

import os
import sys

try:
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError
    from kombu.exceptions import OperationalError as BrokerError
    from redis.exceptions import ConnectionError as RedisError

    from opsboard import up
except ModuleNotFoundError as error:
    sys.exit(
        f"opsboard: {error.name} is not installed for this Python. `make run` installs everything; "
        "afterwards commands run as .venv/bin/python manage.py COMMAND."
    )

NO_SERVER = (
    "opsboard: no database server answers. Start everything with `make run` (or .venv/bin/python manage.py up) "
    "and run this in a second terminal, or set DATABASE_URL and REDIS_URL to servers of your own."
)
SILENT_SERVER = "opsboard: the server in {name} doesn't answer: {reason}"


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")
    if arguments[1:2] == ["up"]:
        sys.exit(up.main(arguments[2:]))
    try:
        execute_from_command_line(arguments)
    except (OperationalError, BrokerError, RedisError) as error:
        name = "DATABASE_URL" if isinstance(error, OperationalError) else "REDIS_URL"
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        sys.exit(SILENT_SERVER.format(name=name, reason=reason) if os.environ.get(name) else NO_SERVER)


if __name__ == "__main__":
    main(sys.argv)
