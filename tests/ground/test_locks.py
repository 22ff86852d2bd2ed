"""What is installed is locked by hash, named by nobody's server, and the same for users and developers."""

import json
import re

import pytest

from opsboard import install, vendor
from tests.ground.places import ROOT

LOCKS = ("installer", "base", "dev")
HOST = re.compile(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|\bregistry\s*=")


def pinned(kind: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    return dict(re.findall(r"^([A-Za-z0-9_.-]+(?: ; .+?)?)==([^\s;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("kind", LOCKS)
def test_every_python_package_is_pinned_with_hashes(kind: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements" / f"{kind}.txt").read_text().strip())
    loose = [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block]
    assert blocks
    assert not loose


def test_developers_get_the_very_packages_of_users() -> None:
    users, developers = pinned("base"), pinned("dev")
    assert {name: developers.get(name) for name in users} == users


def test_each_wish_is_locked() -> None:
    for kind in LOCKS:
        lines = (ROOT / "requirements" / f"{kind}.in").read_text().splitlines()
        wishes = [re.split(r"[\[<>=~!;]", line)[0].strip().lower() for line in lines if line and line[0] not in "#-"]
        locked = {name.lower() for name in pinned(kind)}
        assert [wish for wish in wishes if wish.replace("_", "-") not in locked] == []


def test_every_front_end_package_is_pinned_with_integrity() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted["dependencies"].values())
    assert all(entry["integrity"].startswith("sha512-") for path, entry in lock.items() if path)
    assert not any("resolved" in entry for entry in lock.values())


@pytest.mark.parametrize(
    "name",
    [*(f"requirements/{kind}.{end}" for kind in LOCKS for end in ("in", "txt")), "package.json", ".npmrc", "Makefile"],
)
def test_no_package_host_is_named(name: str) -> None:
    assert not HOST.search((ROOT / name).read_text())


def test_install_scripts_of_packages_are_not_run() -> None:
    assert "ignore-scripts=true" in (ROOT / ".npmrc").read_text().split()


def test_the_files_for_the_browser_point_to_nothing_that_is_not_there() -> None:
    if not vendor.VENDOR.exists():
        pytest.skip("the front-end files are not installed")
    for sheet in vendor.VENDOR.rglob("*.css"):
        text = sheet.read_text()
        assert "sourceMappingURL" not in text
        addresses = [
            found for found in re.findall(r"url\(\s*[\"']?([^\"')]+)", text) if not found.startswith(("data:", "#"))
        ]
        assert [address for address in addresses if not (sheet.parent / address.split("?")[0]).exists()] == []


def test_chinese_on_screen_and_paper_has_its_fonts() -> None:
    if not vendor.VENDOR.exists():
        pytest.skip("the front-end files are not installed")
    faces = (vendor.VENDOR / "fonts" / "fonts.css").read_text()
    assert faces.count("font-family: 'Noto Sans SC'") > 150
    assert (vendor.VENDOR / "print" / "NotoSansSC-400.ttf").stat().st_size > 5_000_000


def test_pips_own_settings_hold_for_uv_too(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "global.index-url='https://mirror.example/simple'\n:env:.cert='/etc/ca.pem'\nglobal.extra-index-url='a\\nb'\n"
    )
    monkeypatch.setattr(install, "run", lambda command, **more: (0, said))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://chosen.example/simple")
    for name in ("SSL_CERT_FILE", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    given = install.settings_for_uv()
    assert given["UV_DEFAULT_INDEX"] == "https://chosen.example/simple"
    assert given["SSL_CERT_FILE"] == "/etc/ca.pem"


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(install, "OLDEST", (99, 0))
    monkeypatch.setattr(install, "run", lambda command, **more: pytest.fail("nothing may be run"))
    assert install.main("base") == 1
    assert capsys.readouterr().err.startswith("opsboard: Python 3.12 or later is needed, and this is ")
