"""Collect every string that people read, keep the catalogues complete, compile them. Needs no gettext tools.

Each app has its own catalogue; core's also holds what belongs to the house as a whole.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

from opsboard.core import registry

LOCALE = "zh_Hans"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed date keeps the files calm
KEYWORDS: dict[str, Any] = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sdif]|\{\w*\}")
SKIPPED = {"migrations", "locale", "__pycache__"}


class Command(BaseCommand):
    help = "Collects the texts of all apps into their catalogues, says which lack a translation, and compiles them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("apps", nargs="*", help="Only these apps (label), such as metrics or core.")
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; fail where a catalogue is not up to date."
        )
        parser.add_argument("--compile", action="store_true", help="Only compile the catalogues as they are.")

    def handle(self, *args: Any, **options: Any) -> None:
        labels = options["apps"] or [*registry.rooms(), "core"]
        faults: list[str] = []
        meanings: dict[tuple[Any, str | None], dict[Any, str]] = {}
        for label in labels:
            folder = Path(apps.get_app_config(label).path) / "locale" / LOCALE / "LC_MESSAGES"
            file = folder / "django.po"
            if options["compile"]:
                compile_catalogue(file)
                continue
            fresh = collect(label)
            if not len(fresh) and not file.exists():
                continue
            known = read(file)
            merged = merge(fresh, known)
            faults += [f"{label}: {fault}" for fault in faults_of(merged)]
            for message in merged:
                if message.id and message.string:
                    meanings.setdefault((message.id, message.context), {}).setdefault(message.string, label)
            if options["check"]:
                if set(ids(merged)) - set(ids(known)):
                    faults.append(f"{label}: the catalogue lacks new texts; run “make messages”")
                continue
            folder.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as handle:
                write_po(handle, merged, omit_header=False, no_location=True, sort_output=True, width=120)
            compile_catalogue(file)
        # Django looks a text up in all catalogues at once: two translations of one would be a matter of chance.
        for (text, _context), found in meanings.items():
            if len(found) > 1:
                said = ", ".join(f"{string!r} in {label}" for string, label in found.items())
                faults.append(f"{text!r} has two translations ({said}); agree on one, or give one of them a context")
        if faults:
            raise CommandError("\n".join([*faults, f"{len(faults)} texts need a translation or a correction."]))


def collect(label: str) -> Catalog:
    """All texts of one app: its Python files and its folder of templates (for core: what belongs to no other app)."""
    catalogue = Catalog(locale=LOCALE, project="Opsboard", charset="utf-8")
    for path in sources(label):
        text = path.read_text(encoding="utf-8")
        if path.suffix in {".html", ".txt"}:
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        for _line, message, _comments, context in extract(
            "python", io.BytesIO(b"# -*- coding: utf-8 -*-\n" + text.encode()), keywords=KEYWORDS
        ):
            if message:
                catalogue.add(message, context=context)
    return catalogue


def sources(label: str) -> Iterator[Path]:
    templates = settings.BASE_DIR / "templates"
    rooms = registry.rooms()
    if label == "core":
        yield from sorted((settings.BASE_DIR / "opsboard").glob("*.py"))
        yield from python_files(settings.BASE_DIR / "opsboard" / "demo")
        for path in sorted([*templates.rglob("*.html"), *templates.rglob("*.txt")]):
            if path.relative_to(templates).parts[0] not in rooms:
                yield path
    else:
        yield from sorted([*(templates / label).rglob("*.html"), *(templates / label).rglob("*.txt")])
    yield from python_files(Path(apps.get_app_config(label).path))


def python_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        if not SKIPPED & set(path.relative_to(folder).parts):
            yield path


def read(file: Path) -> Catalog:
    if not file.exists():
        return Catalog(locale=LOCALE)
    with file.open("rb") as handle:
        return read_po(handle, locale=LOCALE)


def ids(catalogue: Catalog) -> list[tuple[Any, str | None]]:
    return [(message.id, message.context) for message in catalogue if message.id]


def merge(fresh: Catalog, known: Catalog) -> Catalog:
    """The fresh texts with the translations that are known; what is no longer used is gone."""
    merged = Catalog(
        locale=LOCALE,
        project="Opsboard",
        charset="utf-8",
        header_comment="# Opsboard · 简体中文",
        creation_date=EPOCH,
        revision_date=EPOCH,
        fuzzy=False,
    )
    for message in fresh:
        if not message.id:
            continue
        first = message.id[0] if isinstance(message.id, tuple | list) else message.id
        old = known.get(first, message.context)
        string = old.string if old is not None else ("",) if message.pluralizable else ""
        if message.pluralizable and isinstance(string, str):
            string = (string,)
        merged.add(message.id, string, context=message.context)
    return merged


def faults_of(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        if not message.id:
            continue
        originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not all(strings):
            yield f"“{originals[0]}” has no translation"
            continue
        wanted = set(PLACEHOLDER.findall(originals[-1]))
        for string in strings:
            if set(PLACEHOLDER.findall(string or "")) != wanted:
                yield f"“{originals[0]}” has other placeholders than its translation"


def compile_catalogue(file: Path) -> None:
    if not file.exists():
        return
    with file.with_suffix(".mo").open("wb") as handle:
        write_mo(handle, read(file))
