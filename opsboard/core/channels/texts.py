"""Texts as the services want them: within their bytes, and without what they would read as a command."""

from __future__ import annotations


def cut(text: str, room: int) -> str:
    """As much of a text as fits into so many bytes of UTF-8, never half a character."""
    raw = text.encode()
    if len(raw) <= room:
        return text
    return raw[: max(0, room - 3)].decode(errors="ignore").rstrip() + "…"
