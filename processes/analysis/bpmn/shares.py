"""Which share of the work takes a flow: as we hold it, or as its name says it ("yes, 70 %")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lxml import etree

from processes.analysis.bpmn.document import Element
from processes.analysis.bpmn.names import model, ours

_PER_CENT: Final = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*[%％]")


def stated_share(flow: Element) -> float | None:
    """The share that somebody said, 0…1."""
    held = flow.find(f"{model('extensionElements')}/{ours('flow')}")
    text = held.get("share") if held is not None else None
    if text is None and (found := _PER_CENT.search(flow.get("name") or "")):
        text = str(float(found[1].replace(",", ".")) / 100)
    try:
        share = float(text or "")
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def resolved_shares(flows: Sequence[Element]) -> list[float]:
    """Shares that add up to one: what was said, and what is left in equal parts for the rest."""
    stated = [stated_share(flow) for flow in flows]
    unsaid = stated.count(None)
    total = sum(share for share in stated if share is not None)
    rest = max(0.0, 1.0 - total) / unsaid if unsaid else 0.0
    shares = [rest if share is None else share for share in stated]
    whole = sum(shares)
    if whole <= 0:
        return [1 / len(flows)] * len(flows) if flows else []
    return [share / whole for share in shares]


def say_share(flow: Element, share: float | None) -> None:
    """Hold a share on a flow, or nothing."""
    extensions = flow.find(model("extensionElements"))
    held = extensions.find(ours("flow")) if extensions is not None else None
    if share is None:
        if held is not None:
            extensions.remove(held)
            if len(extensions) == 0:
                flow.remove(extensions)
        return
    if extensions is None:
        extensions = etree.Element(model("extensionElements"))
        # The schema wants documentation first, then extensions.
        place = 1 if len(flow) and flow[0].tag == model("documentation") else 0
        flow.insert(place, extensions)
    if held is None:
        held = etree.SubElement(extensions, ours("flow"), nsmap={"ops": ours("")[1:-1]})
    held.set("share", f"{share:.6g}")
