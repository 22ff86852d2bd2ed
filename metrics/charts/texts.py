"""A small part of Markdown for the texts on dashboards: paragraphs, headings, lists, bold, italic, code and links.

Everything is escaped before it is marked up, and links go to pages only (http, https, or an address of this house), so
that nobody can put a script on somebody else's wall.
"""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.safestring import SafeString

_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\((https?://[^\s()<>\"']{1,1000}|/(?!/)[^\s()<>\"'\\]{0,1000})\)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"(#{1,4})\s+(.+?)\s*#*$")
_ITEM = re.compile(r"[-*•]\s+(.+)$")
_NUMBERED = re.compile(r"\d{1,3}[.)、]\s*(.+)$")


def in_html(text: str) -> SafeString:
    blocks: list[str] = []
    paragraph: list[str] = []
    items: list[str] = []
    kind = ""

    def close() -> None:
        nonlocal kind
        if paragraph:
            blocks.append(f"<p>{'<br>'.join(paragraph)}</p>")
            paragraph.clear()
        if items:
            blocks.append(f"<{kind}>{''.join(f'<li>{item}</li>' for item in items)}</{kind}>")
            items.clear()
        kind = ""

    for line in text.replace("\r\n", "\n").split("\n"):
        plain = line.strip()
        heading, item, numbered = _HEADING.match(plain), _ITEM.match(plain), _NUMBERED.match(plain)
        if not plain:
            close()
        elif heading:
            close()
            # The page's own headings are h1 and h2; a tile's title is h2.
            level = min(6, len(heading[1]) + 2)
            blocks.append(f"<h{level}>{_inline(heading[2])}</h{level}>")
        elif item or numbered:
            wanted = "ul" if item else "ol"
            if paragraph or (kind and kind != wanted):
                close()
            kind = wanted
            items.append(_inline((item or numbered)[1]))  # type: ignore[index]
        else:
            if items:
                close()
            paragraph.append(_inline(plain))
    close()
    return SafeString("".join(blocks))


def _inline(text: str) -> str:
    """Marks within a line. Links are taken out first and put back last, so that marks never reach into an address."""
    links: list[str] = []

    def keep(found: re.Match[str]) -> str:
        outside = found[2].startswith("http")
        extra = ' rel="noopener noreferrer nofollow" target="_blank"' if outside else ""
        links.append(f'<a href="{escape(found[2])}"{extra}>{_marked(found[1])}</a>')
        return f"\x00{len(links) - 1}\x00"

    marked = _marked(_LINK.sub(keep, text.replace("\x00", "")))
    return re.sub("\x00(\\d+)\x00", lambda found: links[int(found[1])], marked)


def _marked(text: str) -> str:
    safe = str(escape(text))
    safe = _CODE.sub(r"<code>\1</code>", safe)
    safe = _BOLD.sub(r"<strong>\1</strong>", safe)
    return _ITALIC.sub(r"<em>\1</em>", safe)
