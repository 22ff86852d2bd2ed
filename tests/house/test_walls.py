"""The walls between the rooms: imports, foreign keys, templates, addresses; and nothing forgotten."""

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pghistory
import pghistory.models
import pytest
from babel.messages.catalog import Catalog
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import models
from django.template import loader
from django.urls import NoReverseMatch, reverse
from importlinter import cli

from opsboard.core import registry
from opsboard.core.management.commands import messages
from tests.house.conftest import every_address

ROOT = Path(settings.BASE_DIR)
ROOMS = registry.rooms()
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMED = re.compile(r"""\{%\s*(url|address|do)\s+["']([^"']+)["']""")
INCLUDED = re.compile(r"""\{%\s*(?:include|extends)\s+["']([^"'#]+)""")
REVERSED = re.compile(r"""\b(?:reverse|reverse_lazy|redirect|resolve_url)\(\s*["'](\w+):""")


def owner_of(template: Path) -> str:
    """The app that a template belongs to; what belongs to no app is the hall's."""
    folder = template.relative_to(ROOT / "templates").parts[0]
    return folder if folder in ROOMS else "core"


def sources(label: str) -> Iterator[Path]:
    folder = ROOT / Path(*ROOMS[label].split("."))
    yield from (path for path in folder.rglob("*.py") if "migrations" not in path.parts)


# --- imports ----------------------------------------------------------------------------------------------------------


def test_imports_keep_to_the_plan_of_the_house(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    # It would silence every logger there is, for all the tests that follow.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda settings: None)
    broken = cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None)
    assert broken == 0, capfd.readouterr().out


def test_every_room_is_named_in_the_import_contracts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["id"]: contract for contract in project["contracts"]}
    for module in ROOMS.values():
        assert module.partition(".")[0] in project["root_packages"]
        assert any(module in re.split(r"[ |]+", layer) for layer in contracts["house"]["layers"]), module
        assert module in contracts["floors"]["containers"], module
        assert module in contracts["sums"]["source_modules"], module


# --- what imports cannot see ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [*ROOMS, "core"])
def test_foreign_keys_point_at_the_app_itself_the_hall_or_packages(label: str) -> None:
    across = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and isinstance(field.related_model, type)
        and issubclass(field.related_model, models.Model)
        and field.related_model._meta.app_label in ROOMS
        and field.related_model._meta.app_label != label
    ]  # fmt: skip
    assert across == []


@pytest.mark.parametrize("label", list(ROOMS))
def test_every_table_of_a_room_has_a_workspace_or_hangs_on_one_that_has(label: str) -> None:
    def hangs(model: type[models.Model], depth: int = 4) -> bool:
        fields = [field for field in model._meta.fields if field.is_relation]
        if any(field.name == "workspace" for field in fields):
            return True
        return depth > 0 and any(
            isinstance(field.related_model, type) and field.related_model._meta.app_label == label
            and field.related_model is not model and hangs(field.related_model, depth - 1)
            for field in fields
        )  # fmt: skip

    loose = [
        model._meta.label
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if not hasattr(model, "pgh_tracked_model") and not hangs(model)
    ]
    assert loose == []


def test_templates_name_only_their_own_and_the_halls_addresses() -> None:
    across = []
    for template in TEMPLATES:
        for tag, name in NAMED.findall(template.read_text()):
            label = name.partition(":")[0] if ":" in name else ""
            if tag != "do" and label in ROOMS and label != owner_of(template):
                across.append((str(template.relative_to(ROOT)), name))
    assert across == []


def test_templates_are_pieced_together_of_their_own_and_the_halls() -> None:
    across = [
        (str(template.relative_to(ROOT)), name)
        for template in TEMPLATES
        for name in INCLUDED.findall(template.read_text())
        if (folder := name.partition("/")[0]) in ROOMS and folder != owner_of(template)
    ]
    assert across == []


def test_addresses_and_pieces_that_templates_name_are_there() -> None:
    names = {one.name for one in every_address()}
    lost = []
    for template in TEMPLATES:
        text = template.read_text()
        for tag, name in NAMED.findall(text):
            here = str(template.relative_to(ROOT))
            if tag == "do":
                known = {effect.key for effect in registry.effects()}
                if name not in known and name.partition(".")[0] in registry.contracts():
                    lost.append((here, name))
            elif name not in names and not _is_an_address(name):
                lost.append((here, name))
        lost += [(str(template.relative_to(ROOT)), name) for name in INCLUDED.findall(text) if not _is_a_template(name)]
    assert lost == []


def _is_an_address(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


def _is_a_template(name: str) -> bool:
    try:
        loader.get_template(name)
    except loader.TemplateDoesNotExist:
        return False
    return True


@pytest.mark.parametrize("label", list(ROOMS))
def test_a_room_reverses_only_its_own_and_the_halls_addresses(label: str) -> None:
    across = [
        (path.name, name)
        for path in sources(label)
        for name in REVERSED.findall(path.read_text())
        if name in ROOMS and name != label
    ]
    assert across == []


INLINE = {
    "a script": re.compile(r"<script(?![^>]*\b(?:src=|type=[\"']application/json))", re.I),
    "a style sheet": re.compile(r"<style\b", re.I),
    "a style": re.compile(r"<[a-z][^<>]*\sstyle=", re.I),
    "a handler": re.compile(r"<[a-z][^<>]*\son[a-z]+=", re.I),
    "an htmx handler": re.compile(r"\bhx-on\b"),
    "something from outside": re.compile(r"<(?:script|link|img|iframe)\b[^<>]*(?:src|href)=[\"'](?:https?:)?//", re.I),
}


@pytest.mark.parametrize("what", list(INLINE))
def test_no_page_holds_what_the_content_security_policy_forbids(what: str) -> None:
    printed = {"reports/paper.html"}  # paper has no policy
    found = [
        str(template.relative_to(ROOT))
        for template in TEMPLATES
        if INLINE[what].search(template.read_text()) and str(template.relative_to(ROOT / "templates")) not in printed
    ]
    assert found == []


# --- nothing forgotten ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_what_the_audit_follows_it_follows_to_the_end() -> None:
    followed = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    assert len(followed) > 10
    for model in followed:
        trackers: Sequence[object] = model.pgh_trackers or ()
        kinds = {type(tracker) for tracker in trackers}
        assert kinds == {pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent}, model._meta.label


def test_until_the_first_release_each_app_has_one_migration() -> None:
    for label in [*ROOMS, "core"]:
        folder = Path(apps.get_app_config(label).path) / "migrations"
        files = sorted(path.name for path in folder.glob("0*.py"))
        assert files in ([], ["0001_initial.py"]), label


def test_translations_are_complete() -> None:
    call_command("messages", check=True, verbosity=0)


def test_two_translations_of_one_text_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = messages.read

    def with_another_word(file: Path) -> Catalog:
        catalogue = known(file)
        if "metrics" in file.parts:
            catalogue["Show all"].string = "通通显示"
        return catalogue

    monkeypatch.setattr(messages, "read", with_another_word)
    with pytest.raises(CommandError, match=r"'Show all' has two translations \(.*'通通显示' in metrics"):
        call_command("messages", check=True, verbosity=0)


@pytest.mark.parametrize("label", list(ROOMS))
def test_a_room_says_what_it_is_for(label: str) -> None:
    module = ast.parse((ROOT / Path(*ROOMS[label].split(".")) / "__init__.py").read_text())
    assert ast.get_docstring(module)
