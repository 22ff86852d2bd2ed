"""`make bench [ONLY=name]`: one JSON line a figure, on servers and a database of its own.

Each module here offers `figures()`, which yields dictionaries: name, ours, unit, beside, beside_what, limit and, where
more is better, `more_is_better`. The ratio is ours / beside; `ok` says whether ours keeps the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from opsboard import embedded, settling

FOLDER = Path(__file__).resolve().parent.parent / "var" / "bench"


def line(figure: dict[str, Any]) -> dict[str, Any]:
    ours, beside, limit = figure["ours"], figure.get("beside"), figure.get("limit")
    more = figure.get("more_is_better", False)
    return {
        "name": figure["name"],
        "ours": round(ours, 4),
        "unit": figure["unit"],
        "beside": round(beside, 4) if beside is not None else None,
        "beside_what": figure.get("beside_what", ""),
        "ratio": round(ours / beside, 3) if beside else None,
        "limit": limit,
        "ok": True if limit is None else bool(ours >= limit if more else ours <= limit),
    }


def modules(only: str) -> Iterator[Any]:
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if found.name == "__main__":
            continue
        module = import_module(f"benchmarks.{found.name}")
        names = getattr(module, "NAMES", ())
        if hasattr(module, "figures") and (not only or any(only in name for name in names) or only in found.name):
            yield module


def each_on_its_own(found: Sequence[Any]) -> Iterator[Any]:
    """Each module begins with empty tables: what one leaves behind is no load, and no data, of the next."""
    connection, cache = import_module("django.db").connection, import_module("django.core.cache").cache
    name = connection.settings_dict["NAME"]
    here, laid = (connection.ops.quote_name(one) for one in (name, f"{name}_laid"))

    def anew(what: str, like: str) -> None:
        connection.close()
        with connection.creation._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {what} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {what} TEMPLATE {like} STRATEGY FILE_COPY")
            cursor.execute("CHECKPOINT")

    anew(laid, here)
    try:
        for module in found:
            cache.clear()
            yield module
            if module is not found[-1]:
                anew(here, laid)
    finally:
        with connection.creation._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {laid} WITH (FORCE)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="only figures whose name holds this")
    only = parser.parse_args().only
    servers = None
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        servers = embedded.start(FOLDER)
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
    os.environ["VAR"] = str(FOLDER)
    (FOLDER / "static").mkdir(parents=True, exist_ok=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "opsboard.settings"
    os.environ["EMAIL_BACKEND"] = "django.core.mail.backends.dummy.EmailBackend"
    failed = False
    try:
        import_module("django").setup()
        utils = import_module("django.test.utils")
        utils.setup_test_environment()
        old = utils.setup_databases(verbosity=0, interactive=False)
        try:
            found = list(modules(only))
            settling.settle()  # as web processes and workers do
            for module in each_on_its_own(found):
                for figure in module.figures():
                    if only and only not in figure["name"]:
                        continue
                    shown = line(figure)
                    failed = failed or not shown["ok"]
                    print(json.dumps(shown, ensure_ascii=False), flush=True)
        finally:
            utils.teardown_databases(old, verbosity=0)
    finally:
        if servers:
            servers.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
