"""What a measured process says in words: where work waits and why, who is loaded, what its build makes slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from opsboard.core.charts.drawing import esc, frame, n
from opsboard.core.written import duration, number, percent

CAUSES = {
    "batching": gettext_lazy("Gathered for a batch"),
    "busy": gettext_lazy("People are busy"),
    "priority": gettext_lazy("Later cases come first"),
    "off_duty": gettext_lazy("Off duty"),
    "outside": gettext_lazy("Outside"),
    "unknown": gettext_lazy("Unknown"),
}
BECAUSE = {
    "batching": gettext_lazy(
        "In working hours it mostly waits for a batch: cases are gathered and then done at one go."
    ),
    "busy": gettext_lazy("In working hours it mostly waits for people who are busy with other cases."),
    "priority": gettext_lazy("In working hours it mostly waits while cases that came later are done first."),
    "off_duty": gettext_lazy("Nearly all of it is nights, weekends and other hours off duty."),
    "outside": gettext_lazy("In working hours it mostly waits for something outside: people were there and had time."),
    "unknown": gettext_lazy("The log does not say why: it names no people, or not when work began."),
}
TONES = {
    "batching": "#7442b8", "busy": "#b4560c", "priority": "#b02a63", "off_duty": "#5c6675", "outside": "#2356c9",
    "unknown": "#c3c9d2",
}  # fmt: skip
HEAVY = 0.8  # so loaded, queues grow fast


def sentences_of(found: Mapping[str, Any]) -> list[str]:
    """A bottleneck, as `analysis.bottlenecks` describes it, in two or three sentences."""
    said = [
        _("Before “%(step)s” a case waits %(mean)s on average: %(share)s of all waiting.")
        % {"step": found["activity"], "mean": duration(found["mean"]), "share": percent(found["share"], 0)},
        str(BECAUSE[found["main_cause"]]),
    ]
    load = found.get("load")
    if load is not None and found["people"] == 1:
        text = (
            _("%(who)s works %(load)s of the hours on duty: with so little slack every peak makes a queue.")
            if load >= HEAVY
            else _("%(who)s works %(load)s of the hours on duty.")
        )
        said.append(text % {"who": found["names"][0], "load": percent(load, 0)})
    elif load is not None and found["people"]:
        text = (
            _(
                "The %(people)s people of “%(role)s” work %(load)s of their hours: with so little slack every peak makes a queue."
            )
            if load >= HEAVY
            else _("The %(people)s people of “%(role)s” work %(load)s of their hours.")
        )
        said.append(text % {"role": found["role"], "people": number(found["people"]), "load": percent(load, 0)})
    return said


def cause_rows(causes: Mapping[str, float]) -> list[dict[str, Any]]:
    """The causes that have a part, the largest first; what is not known comes last."""
    parts = sorted(
        (name for name, share in causes.items() if share >= 0.005), key=lambda name: (name == "unknown", -causes[name])
    )
    return [{"name": name, "title": CAUSES[name], "share": causes[name]} for name in parts]


def cause_bar(causes: Mapping[str, float]) -> SafeString:
    """The causes as one bar, each as long as its part."""
    parts, at = [], 0.0
    for name in CAUSES:
        share = causes.get(name, 0.0)
        if share < 0.002:
            continue
        words = f"{CAUSES[name]}: {percent(share, 0)}"
        parts.append(
            f'<rect class="cause-{name}" x="{n(at * 400)}" y="0" width="{n(share * 400)}" height="12" fill="{TONES[name]}">'
            f"<title>{esc(words)}</title></rect>"
        )
        at += share
    return frame("causes", parts, title=str(_("Why it waits")), desc="", width=400, height=12, heading=False)


def structure_sentences(found: Mapping[str, Any], cases: int) -> list[dict[str, str]]:
    """What the build of the process makes slow, each with the kind of thing it is."""
    approvals = found.get("approvals")
    said = [
        *(
            [(_("Repeated approval"), _("%(cases)s cases pass several approvals: %(steps)s."),
              {"cases": number(approvals["cases"]), "steps": _listed(approvals["steps"])})]
            if approvals else []
        ),
        *(
            (_("Rework"), _("“%(step)s” is done again in %(cases)s of %(all)s cases, %(again)s times."),
             {"step": one["activity"], "cases": number(one["cases"]), "all": number(cases), "again": number(one["again"])})
            for one in found.get("repeated", ())[:3]
        ),
        *(
            (_("Ping-pong"), _("From %(source)s to %(target)s and straight back: %(count)s times."),
             {"source": one["source"], "target": one["target"], "count": number(one["back"])})
            for one in found.get("handovers", ())[:5]
            if one["back"] * 3 >= one["count"] and one["back"] >= 3
        ),
        *(
            (_("Hangs on one person"), _("%(person)s does %(share)s of “%(step)s”."),
             {"person": one["person"], "share": percent(one["share"], 0), "step": one["activity"]})
            for one in found.get("alone", ())[:3]
        ),
        *(
            [(_("Hand-overs"), _("A case changes hands between roles %(count)s times on average."),
              {"count": number(found["handovers_a_case"], 1)})]
            if found.get("handovers_a_case") else []
        ),
    ]  # fmt: skip
    return [{"kind": kind, "text": text % facts} for kind, text, facts in said]


WEEKDAYS = {
    "1": gettext_lazy("Monday"), "2": gettext_lazy("Tuesday"), "3": gettext_lazy("Wednesday"), "4": gettext_lazy("Thursday"),
    "5": gettext_lazy("Friday"), "6": gettext_lazy("Saturday"), "7": gettext_lazy("Sunday"),
}  # fmt: skip


def segment_text(found: Mapping[str, Any]) -> str:
    """A part that waits longer, as `analysis.segments` describes it, in one sentence."""
    kind, value = found["kind"], found["value"]
    which = {
        "before": _("After “%(value)s”"), "person": _("Done by %(value)s"), "weekday": _("Come in on a %(value)s"),
        "hours": _("Come in between %(value)s"),
    }.get(kind, "%(name)s: %(value)s") % {
        "name": kind.partition(":")[2], "value": WEEKDAYS.get(value, value) if kind == "weekday" else value,
    }  # fmt: skip
    return _("%(which)s: %(mean)s instead of %(other)s, %(count)s times") % {
        "which": which, "mean": duration(found["mean"]), "other": duration(found["other"]), "count": number(found["count"]),
    }  # fmt: skip


def _listed(steps: Sequence[str]) -> str:
    return pgettext("punctuation", ", ").join(f"“{step}”" for step in steps)
