"""docker-compose.yml is valid, complete, and runs what `manage.py up` runs."""

import importlib.resources
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from opsboard import up
from tests.ground.places import ROOT

OURS = ("prepare", "web", "events", "worker", "pdf", "beat")
NOT_FOR_PEOPLE = {"OPSBOARD_ROLE", "DJANGO_SETTINGS_MODULE", "TERM", "PATH", "HTTPS_PROXY", "CI", "NO_COLOR"}


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def explained() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def commands() -> dict[str, tuple[str, ...]]:
    return {child.name: tuple(child.command) for child in up.children("0.0.0.0", 8000, Path("/data"), lambda: True)}


def test_it_is_valid_by_the_compose_specification() -> None:
    schema = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose(), json.loads(schema.read_text()))


def test_the_specification_would_notice_a_wrong_word() -> None:
    schema = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    wrong = compose()
    wrong["services"]["web"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(schema.read_text()))


def test_every_variable_is_explained_in_the_example() -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    for source in [*ROOT.glob("opsboard/*.py"), *ROOT.glob("opsboard/*/**/*.py"), *ROOT.glob("[a-z]*/*.py")]:
        if source.relative_to(ROOT).parts[0] not in {"tests", "benchmarks", "var", "node_modules"}:
            used |= set(
                re.findall(r"(?:environ(?:\.get\(|\[)|_flag\(|_list\()\s*\"([A-Z][A-Z0-9_]+)\"", source.read_text())
            )
    missing = {name for name in used - explained() - NOT_FOR_PEOPLE if not name.startswith("TEST_")}
    assert not missing


def test_the_example_explains_nothing_that_is_not_used() -> None:
    text = "\n".join(
        path.read_text() for path in [ROOT / "docker-compose.yml", *ROOT.glob("opsboard/**/*.py"), *ROOT.glob("*/*.py")]
    )
    prefixes = re.findall(r"\(\"\w+\", \"([A-Z]+)\"\)", text)  # sign-in providers, named by prefix
    unused = {name for name in explained() if name not in text and not name.startswith(tuple(prefixes))}
    assert not unused


@pytest.mark.parametrize("name", ["web", "events", "worker", "pdf", "beat", "postgres", "valkey"])
def test_every_lasting_service_has_a_health_check_and_comes_back(name: str) -> None:
    service = compose()["services"][name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_our_services_share_one_image_and_have_no_power(name: str) -> None:
    service = compose()["services"][name]
    assert service["image"] == compose()["services"]["web"]["image"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["env_file"] == ".env"


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last = max(place for place, line in enumerate(lines) if line.startswith("FROM "))
    assert "USER opsboard" in lines[last:]


@pytest.mark.parametrize("name", ["events", "worker", "pdf", "beat"])
def test_compose_runs_the_same_commands_as_up(name: str) -> None:
    service = compose()["services"][name]["command"]
    ours = commands()[name]
    here = ours[ours.index({"events": "uvicorn"}.get(name, "celery")) :]
    expected = [*here[:-1], "${WORKERS:-2}"] if name == "worker" else list(here)
    assert service == expected


def test_the_image_serves_pages_as_up_does() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    inside = json.loads(dockerfile.rpartition("CMD ")[2])
    ours = commands()["web"]
    here = list(ours[ours.index("granian") :])
    place = here.index("--workers") + 1
    assert inside == [*here[:place], "2", *here[place + 1 :]]


def test_nothing_in_the_build_is_left_out_by_dockerignore() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".dockerignore").read_text().split()}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split() if source != "."}
    assert not sources & ignored
    assert all((ROOT / source).exists() for source in sources)


def test_secrets_stay_out_of_the_repository() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", ".env", "var/secret_key"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ignored.returncode == 128:
        pytest.skip("not a git checkout")
    assert ignored.stdout.split() == [".env", "var/secret_key"]
