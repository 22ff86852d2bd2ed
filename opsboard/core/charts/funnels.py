"""The funnel: how many come to each stage, of the first stage and of the one before."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from opsboard.core.charts import drawing, scales
from opsboard.core.charts.drawing import n, write


def funnel(
    stages: Sequence[tuple[str, float | None]],
    *,
    title: str,
    desc: str = "",
    width: float = 420,
    height: float = 240,
    heading: bool = True,
    locale: str | None = None,
    spell: drawing.Spell | None = None,
) -> SafeString:
    """Bars around a middle line, each as wide as its share of the first stage; beside it the share of the one before."""
    tongue = drawing.language(locale)
    known = [(name, float(value)) for name, value in stages if value is not None and scales.finite(value)]
    if not known or known[0][1] <= 0:
        return drawing.nothing("funnel", title=title, desc=desc, width=width, height=height, heading=heading)
    say = spell or (lambda value: scales.number(value, 0, tongue))
    top = 28.0 if heading else 4.0
    step = (height - top - 4) / len(known)
    thick = min(34.0, max(8.0, step * 0.62))
    left = min(max(drawing.text_width(name, 10.5) for name, _ in known) + 12, width * 0.34)
    shares = [scales.percent(value / known[0][1], 0, tongue) for _, value in known]
    words = [f"{say(value)} · {share}" for (_, value), share in zip(known, shares, strict=True)]
    room = max(drawing.text_width(word, drawing.TICK) for word in words) + 10
    along = max(20.0, width - left - room)
    middle = left + along / 2
    most = max(value for _, value in known)
    body: list[str] = []
    for index, (name, value) in enumerate(known):
        y = top + index * step + (step - thick) / 2
        label = drawing.shorten(name, left - 8, 10.5)
        body.append(
            write(left - 8, y + thick / 2 + 3.6, label, css="chart-name", fill=drawing.INK, size=10.5, anchor="end")
        )
        wide = max(1.5, max(0.0, value) / most * along)
        before = known[index - 1][1] if index else 0.0
        told = f"{name}: {words[index]}"
        if before > 0:
            share = scales.percent(value / before, 0, tongue)
            told += gettext(", %(share)s of the stage before") % {"share": share}
            body.append(
                write(
                    middle, y - (step - thick) / 2 + 3.4, f"↓ {share}", css="chart-tick", fill=drawing.MUTED, size=9,
                    anchor="middle",
                )
            )  # fmt: skip
        body.append(
            f'<rect class="chart-f1" x="{n(middle - wide / 2)}" y="{n(y)}" width="{n(wide)}" height="{n(thick)}" rx="3" '
            f'fill="{drawing.SERIES[0]}"><title>{drawing.esc(told)}</title></rect>'
        )
        body.append(write(left + along + 8, y + thick / 2 + 3.6, words[index], css="chart-tick", fill=drawing.MUTED))
    return drawing.frame("funnel", body, title=title, desc=desc, width=width, height=height, heading=heading)
