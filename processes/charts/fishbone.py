"""The fishbone of a problem (Ishikawa, 1968): the problem at the head, its causes as bones, what causes those as smaller ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.safestring import SafeString

from opsboard.core.charts.drawing import AXIS, INK, MUTED, frame, n, rule, shorten, text_width, write

BONE: Final = 310.0
SMALL: Final = 22.0
HEAD: Final = 210.0
SLANT: Final = 0.42
TONES: Final = {"confirmed": "#1c7a43", "refuted": "#8a94a3", "open": INK}


@dataclass(frozen=True)
class Cause:
    text: str
    state: str = "open"
    causes: Sequence[Cause] = field(default_factory=tuple)


def fishbone(problem: str, causes: Sequence[Cause], *, title: str) -> SafeString:
    """Bones above and below in turn; below each cause up to six of its own, with theirs after an arrow."""
    longest = max((min(len(_below(cause)), 6) for cause in causes), default=0)
    reach = 56 + SMALL * max(longest, 1)
    pairs = (len(causes) + 1) // 2
    width, middle = 24 + BONE * max(pairs, 1) + HEAD, reach + 20
    spine = width - HEAD
    parts = [
        rule(12, middle, spine, middle, css="chart-mark", stroke=INK, width=2.5),
        f'<rect class="map-box map-amber-1" x="{n(spine)}" y="{n(middle - 26)}" width="{n(HEAD - 12)}" height="52" rx="7" fill="#fbe3b8" stroke="{AXIS}"/>',
        write(
            spine + (HEAD - 12) / 2,
            middle + 4,
            shorten(problem, HEAD - 32, 12),
            css="map-name",
            fill=INK,
            size=12,
            anchor="middle",
            weight=600,
        ),
    ]
    for number, cause in enumerate(causes):
        up = -1 if number % 2 == 0 else 1
        foot = spine - 20 - BONE * (pairs - 1 - number // 2)
        tip = foot - reach * SLANT - 40
        parts.append(rule(tip, middle + up * reach * 0.86, foot, middle, css="chart-axis", stroke=AXIS, width=2))
        y = middle + up * (reach * 0.86) + (-6 if up < 0 else 14)
        parts.append(_text(tip, y, cause, 13))
        for place, (one, arrow) in enumerate(_below(cause)[:6]):
            at = middle + up * (24 + SMALL * place)
            x = foot - (abs(at - middle) / (reach * 0.86)) * (foot - tip)
            words = shorten(("← " if arrow else "") + one.text, BONE - 70, 11)
            parts.append(rule(x - text_width(words, 11) - 8, at, x, at, css="chart-axis", stroke=AXIS))
            parts.append(
                write(x - 6, at - 4, words, css=f"bone-{one.state}", fill=TONES[one.state], size=11, anchor="end")
            )
    return frame("fishbone", parts, title=title, desc=problem, width=width, height=2 * middle, heading=False)


def _below(cause: Cause) -> list[tuple[Cause, bool]]:
    """What causes a cause, each followed by its own causes; True for those."""
    found: list[tuple[Cause, bool]] = []
    for one in cause.causes:
        found.append((one, False))
        found += [(below, True) for below, _arrow in _below(one)]
    return found


def _text(x: float, y: float, cause: Cause, size: float) -> str:
    words = shorten(cause.text, BONE - 24, size)
    return write(
        max(x - 10, 4), y, words, css=f"bone-{cause.state}", fill=TONES.get(cause.state, MUTED), size=size, weight=600
    )
