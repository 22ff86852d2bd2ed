"""What pages are made of: icons, status badges, form fields, and numbers, days and money as the reader writes them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.forms.widgets import (
    CheckboxInput,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
)
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from opsboard.core.written import ago, change, day, duration, moment, money, number, percent

register = template.Library()

# --- icons ----------------------------------------------------------------------------------------------------------

_SHAPES = {"path", "circle", "line", "rect", "polyline", "polygon", "ellipse"}


@lru_cache(maxsize=512)
def _drawing(name: str) -> str:
    """The inner SVG of one Tabler icon (MIT), out of the vendored list; a circle where the list is not there yet."""
    try:
        text = (settings.BASE_DIR / "static" / "vendor" / "icons.json").read_text()
        start = text.index(f'"{name}":') + len(name) + 3
    except (OSError, ValueError):
        return '<circle cx="12" cy="12" r="8"/>'
    nodes, _end = json.JSONDecoder().raw_decode(text[start:].lstrip())
    return "".join(
        f"<{tag} {' '.join(f'{key}="{value}"' for key, value in attributes.items())}/>"
        for tag, attributes in nodes
        if tag in _SHAPES
    )


@register.simple_tag
def icon(name: str, title: str = "", extra: str = "") -> SafeString:
    """`{% icon "bell" %}`: an icon of @tabler/icons. Decoration unless it has a `title`."""
    return _icon(str(name or "point"), str(title), str(extra))


@lru_cache(maxsize=1024)
def _icon(name: str, title: str, extra: str) -> SafeString:
    role = format_html('role="img" aria-label="{}"', title) if title else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" focusable="false" {}>{}</svg>',
        extra,
        role,
        mark_safe(_drawing(name)),
    )


# --- status ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """How a state looks: one of the five tones, and its word."""

    tone: str
    word: Any


STATES: Mapping[str, Look] = {
    "ok": Look("good", _("OK")),
    "pending": Look("warn", _("Pending")),
    "firing": Look("bad", _("Firing")),
    "recovering": Look("info", _("Recovering")),
    "resolved": Look("good", _("Resolved")),
    "nodata": Look("quiet", _("No data")),
    "no_data": Look("quiet", _("No data")),
    "silenced": Look("quiet", _("Silenced")),
    "acknowledged": Look("info", _("Acknowledged")),
    "paused": Look("quiet", _("Paused")),
    "todo": Look("quiet", _("To do")),
    "to_do": Look("quiet", _("To do")),
    "doing": Look("warn", _("Doing")),
    "done": Look("good", _("Done")),
    "proven": Look("good", _("Proven")),
    "not_proven": Look("quiet", _("Not proven")),
    "worse": Look("bad", _("Worse")),
    "moved": Look("good", _("Moved")),
    "overdue": Look("bad", _("Overdue")),
    "relapsed": Look("bad", _("Relapsed")),
    "prevented": Look("good", _("Prevented")),
    "signal": Look("bad", _("Signal")),
    "routine": Look("quiet", _("Routine variation")),
    "waiting": Look("quiet", _("Waiting")),
    "running": Look("info", _("Running")),
    "failed": Look("bad", _("Failed")),
    "cancelled": Look("quiet", _("Cancelled")),
    "open": Look("info", _("Open")),
    "closed": Look("quiet", _("Closed")),
    "draft": Look("quiet", _("Draft")),
    "new": Look("info", _("New")),
    "critical": Look("bad", _("Critical")),
    "warning": Look("warn", _("Warning")),
    "info": Look("info", _("Information")),
    "error": Look("bad", _("Error")),
}


@register.simple_tag
def badge(state: Any, label: Any = "", tone: str = "") -> SafeString:
    """`{% badge alert.state %}`, `{% badge "late" label=_("3 days late") tone="bad" %}`. Tones: good bad warn info quiet."""
    look = STATES.get(str(state).lower())
    return format_html(
        '<span class="status status-{}">{}</span>',
        tone or (look.tone if look else "quiet"),
        label or (look.word if look else state),
    )


# --- numbers, days, money -------------------------------------------------------------------------------------------

for spelt in (number, change, percent, money, day, moment, ago, duration):
    register.filter(spelt)


# The first that is named: Edge and Opera also call themselves Chrome, and everybody calls himself Safari.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)  # fmt: skip


@register.filter
def device(user_agent: str) -> str:
    """A browser's long name for itself as people say it: Firefox · Windows. What is not known stays as it is."""
    said = [next((word for sign, word in words if sign in user_agent), "") for words in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, said)) or Truncator(user_agent).chars(60) or "–"


@register.filter
def initials(person: Any) -> str:
    """One or two letters for a face: Anna Kim → AK, 王小明 → 王."""
    words = str(person).replace("@", " ").replace(".", " ").split()
    if not words:
        return "?"
    if not words[0].isascii():
        return words[0][0]
    return "".join(word[0] for word in words[:2]).upper()


@register.filter
def may(viewer: Any, role: str) -> bool:
    """`{% if viewer|may:"editor" %}`: whether the viewer's role reaches so far. Hides what would be refused."""
    return viewer is not None and bool(viewer.may(role))


# --- forms ----------------------------------------------------------------------------------------------------------


def _dressed(bound: BoundField) -> SafeString:
    """The widget with the classes of the style sheet, and tied to its help and errors."""
    widget = bound.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return bound.as_widget()
    look = (
        "form-check-input"
        if isinstance(widget, CheckboxInput)
        else "form-select"
        if isinstance(widget, Select)
        else "form-control"
    )
    classes = [widget.attrs.get("class", ""), look, "is-invalid" if bound.errors else ""]
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if "autocomplete" in widget.attrs and "placeholder" in widget.attrs:
        attrs["placeholder"] = ""  # allauth's forms repeat the label there
    return bound.as_widget(attrs=attrs)


def _field(bound: BoundField, label: Any = "") -> dict[str, Any]:
    widget = bound.field.widget
    several = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    return {
        "field": bound,
        "control": _dressed(bound),
        "label": label or bound.label,
        "single": isinstance(widget, CheckboxInput),
        "several": several,
        "required": bound.field.required and not isinstance(widget, CheckboxInput),
        "error_id": f"{bound.auto_id}_error",
        "help_id": f"{bound.auto_id}_helptext",
    }


@register.inclusion_tag("core/parts/_field.html")
def field(bound: BoundField, label: Any = "") -> dict[str, Any]:
    """`{% field form.title %}`: label with its required mark, control, help, errors."""
    return _field(bound, label)


@register.simple_tag
def cell(bound: BoundField) -> SafeString:
    """`{% cell part.name %}`: a control in a table whose heads name it; its label is for those who don't see these."""
    bound.field.widget.attrs.setdefault("aria-label", str(bound.label))
    said = [
        format_html('<div class="field-error" id="{}_error">{}</div>', bound.auto_id, text) for text in bound.errors
    ]
    return format_html("{}{}", _dressed(bound), mark_safe("".join(said)))


@register.inclusion_tag("core/parts/_fields.html")
def fields(form: BaseForm) -> dict[str, Any]:
    """`{% fields form %}`: the summary of errors, then every field."""
    return {**_errors(form), "form": form, "visible": [_field(bound) for bound in form.visible_fields()]}


@register.inclusion_tag("core/parts/_errors.html")
def errors(form: BaseForm) -> dict[str, Any]:
    """`{% errors form %}`: what is wrong, on top of the form, each with a link to its field."""
    return _errors(form)


def _errors(form: BaseForm) -> dict[str, Any]:
    wrong = [bound for bound in form if bound.errors] if form.is_bound else []
    general = form.non_field_errors() if form.is_bound else []
    count = len(wrong) + len(general)
    return {
        "wrong": [
            {"id": bound.id_for_label or bound.auto_id, "label": bound.label, "errors": bound.errors} for bound in wrong
        ],
        "general": general,
        "count": count,
        "sentence": ngettext(
            "%(count)s thing needs your attention", "%(count)s things need your attention", count
        ) % {"count": count},
    }  # fmt: skip


# --- pieces of a page -----------------------------------------------------------------------------------------------


@register.inclusion_tag("core/parts/_empty.html")
def empty(title: Any, text: Any = "", icon: str = "circle-dashed", url: str = "", action: Any = "") -> dict[str, Any]:
    """`{% empty title=_("…") text=_("…") icon="chart-line" url=… action=_("…") %}`: nothing here yet, and what to do."""
    return {"title": title, "text": text, "icon_name": icon, "url": url, "action": action}


@register.inclusion_tag("core/parts/_tile.html")
def tile(
    label: Any, value: Any, note: Any = "", status: Any = "", tone: str = "", url: str = "", unit: Any = ""
) -> dict[str, Any]:
    """`{% tile label=_("Overdue") value=3 status="+2" tone="bad" note=… url=… %}`: one figure of a row of tiles."""
    return {"label": label, "value": value, "note": note, "status": status, "tone": tone, "url": url, "unit": unit}


class HeadingNode(template.Node):
    """The heading of a page that has one: no page shall have an empty <h1>, or an empty box where nothing can be done."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        drawn = self.nodelist.render(context)
        return SafeString("" if _EMPTY_HEADING.search(drawn) else _EMPTY_ACTIONS.sub("", drawn))


_EMPTY_HEADING = re.compile(r"<h1>\s*</h1>")
_EMPTY_ACTIONS = re.compile(r'<div class="page-actions">\s*</div>')


@register.tag
def heading(parser: template.base.Parser, token: template.base.Token) -> HeadingNode:
    """`{% heading %}…{% endheading %}`: drawn only where its <h1> says something."""
    nodelist = parser.parse(("endheading",))
    parser.delete_first_token()
    return HeadingNode(nodelist)
