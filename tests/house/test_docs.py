"""The pages that people read beside the program: every link leads somewhere, every picture is there and used."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
MOST_BYTES = 80_000


def links(page: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [first or second for first, second in LINK.findall(text)]
    return [one for one in found if not one.startswith(("http://", "https://", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    titles = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_is_there(page: Path) -> None:
    for link in links(page):
        name, _mark, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} leads to {link}, which is not there"
        if anchor:
            assert anchor in anchors(target), f"{page.name} leads to {link}, which has no such heading"


def test_pictures_are_used_small_and_in_the_language_of_their_page() -> None:
    used = {(page.parent / link).resolve() for page in PAGES for link in links(page) if link.endswith(".png")}
    there = set((ROOT / "docs" / "pictures").rglob("*.png"))
    assert there == used
    assert [one.name for one in there if one.stat().st_size > MOST_BYTES] == []
    for page in PAGES:
        own = [link for link in links(page) if link.startswith("pictures/")]
        wrong = [link for link in own if link.startswith("pictures/zh-hans/") is not page.name.endswith(".zh-hans.md")]
        assert wrong == []
