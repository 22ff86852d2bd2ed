"""What notices say, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from opsboard.alerts.models import words
from opsboard.alerts.models.alerts import Alert
from opsboard.alerts.models.watches import Watch

LISTED = 10


def begun(watch: Watch) -> str:
    """What is said when a watch begins: also that today waits for its evening, where it does."""
    if watch.waits:
        return _("The number is watched from now on. %(waits)s") % {"waits": watch.running_words["saved"]}
    return _("The number is watched from now on.")


def one_fires(alert: Alert) -> str:
    """`Rework rate (shop: North) is 7.4%, above 5%`."""
    if alert.state == Alert.State.NODATA:
        return _("%(title)s: no data") % {"title": titled(alert.watch, alert.labels_text)}
    return alert.watch.fired_text(alert.value if alert.value is not None else 0.0, alert.labels_text)


def one_is_over(alert: Alert) -> str:
    return alert.watch.resolved_text(alert.value, alert.labels_text, alert.reason, alert.seconds or 0.0)


def many_fire(watch: Watch, worst: Alert, count: int) -> str:
    facts = {"title": str(watch), "count": words.number(count), "worst": short(worst)}
    return ngettext(
        "%(title)s: %(count)s alert fires; worst is %(worst)s",
        "%(title)s: %(count)s alerts fire; worst is %(worst)s",
        count,
    ) % facts  # fmt: skip


def many_are_over(watch: Watch, over: int, firing: int) -> str:
    facts = {"title": str(watch), "over": words.number(over), "firing": words.number(firing)}
    if not firing:
        return ngettext("%(title)s: %(over)s alert is over", "%(title)s: all %(over)s alerts are over", over) % facts
    return ngettext(
        "%(title)s: %(over)s alert is over, %(firing)s still fire",
        "%(title)s: %(over)s alerts are over, %(firing)s still fire",
        over,
    ) % facts  # fmt: skip


def still(text: str) -> str:
    return _("Still: %(text)s") % {"text": text}


def after_a_silence(text: str) -> str:
    return _("The silence is over and it still fires: %(text)s") % {"text": text}


def escalated(text: str) -> str:
    return _("Nobody looks after it yet: %(text)s") % {"text": text}


def comes_and_goes(watch: Watch, labels: str) -> str:
    return _("%(title)s comes and goes: six changes within an hour. You hear again when it is steady.") % {
        "title": titled(watch, labels)
    }


def steady(watch: Watch, alert: Alert) -> str:
    text = one_fires(alert) if alert.is_open else _("all is well")
    return _("%(title)s is steady again: %(text)s") % {"title": titled(watch, alert.labels_text), "text": text}


def aside(kind: str, watch: Watch, alerts: Sequence[Alert]) -> str:
    """What is told beside firing and ending, of one alert or of several of one watch."""
    count = len(alerts)
    name = titled(watch, alerts[0].labels_text) if count == 1 else _("%(title)s, %(count)s alerts") % {"title": str(watch), "count": count}  # fmt: skip
    facts = {"title": name, "value": alerts[0].value_text, "severity": alerts[0].get_severity_display()}
    match kind:
        case "no_data":
            if count == 1 and alerts[0].value is not None:
                return _("%(title)s: no data; the last value was %(value)s") % facts
            return _("%(title)s: no data") % facts
        case "lowered":
            return _("%(title)s is less grave now: %(severity)s") % facts
        case "corrected":
            return _("Correction: %(title)s was corrected to %(value)s afterwards, so the alert is withdrawn") % facts
    if count == 1 and alerts[0].is_open:
        return _("%(title)s has data again, and it goes on") % facts
    return _("%(title)s has data again") % facts


def trouble(watch: Watch, *, over: bool) -> str:
    facts = {"title": str(watch)}
    if over:
        return _("%(title)s can be read again") % facts
    return _("%(title)s cannot be read, so nobody would hear if it crossed its threshold") % facts


def titled(watch: Watch, labels: str) -> str:
    return f"{watch} ({labels})" if labels else str(watch)


def short(alert: Alert) -> str:
    """`shop: North, 9%`, or only the value where there are no labels."""
    return f"{alert.labels_text}, {alert.value_text}" if alert.labels else alert.value_text


def listed(watch: Watch, firing: Sequence[Alert], over: Sequence[Alert]) -> Callable[[], str]:
    """The detail of a notice about several: its rule, the worst ones, how many more, and what is over."""

    def said() -> str:
        lines = [watch.sentence, ""]
        # Each with the one thing behind it, where that has a name: the order that waits, and who has it.
        lines += [f"• {short(alert)}" + (f" · {alert.detail}" if alert.detail else "") for alert in firing[:LISTED]]
        if (left := len(firing) - LISTED) > 0:
            lines.append(ngettext("and %(count)s more", "and %(count)s more", left) % {"count": words.number(left)})
        if over:
            names = ", ".join(alert.labels_text or str(watch) for alert in over[:LISTED])
            left = len(over) - LISTED
            more = (
                " " + ngettext("and %(count)s more", "and %(count)s more", left) % {"count": words.number(left)}
                if left > 0
                else ""
            )
            lines += ["", _("Over: %(names)s") % {"names": names + more}]
        return "\n".join(lines).strip()

    return said
