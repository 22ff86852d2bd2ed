"""Tags that every template may use: addresses of the workspace, margins, and doing something about an object."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlencode

from django import template
from django.db.models import Model
from django.template import Context, loader
from django.urls import get_script_prefix, reverse

from opsboard.core import channels, registry
from opsboard.core.telling import Told

register = template.Library()


def _slug(context: Context) -> str:
    workspace = context.get("workspace")
    if workspace is None:
        workspace = context["request"].workspace
    return str(workspace.slug)


@register.simple_tag(takes_context=True)
def address(context: Context, name: str, *args: Any, **kwargs: Any) -> str:
    """`{% address "metrics:metric" pk=3 %}`: an address inside this workspace."""
    return _address(get_script_prefix(), name, _slug(context), args, tuple(kwargs.items()))


@functools.lru_cache(maxsize=4096)
def _address(prefix: str, name: str, slug: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> str:
    """Under one prefix an address never changes while a process lives."""
    if args:
        return reverse(name, args=[slug, *args])
    return reverse(name, kwargs={"workspace": slug, **dict(kwargs)})


@register.simple_tag
def site_address(name: str) -> str:
    """`{% site_address "account_login" %}`: an address of the whole site, asked for on every page."""
    return _site_address(get_script_prefix(), name)


@functools.lru_cache(maxsize=64)
def _site_address(prefix: str, name: str) -> str:
    """Under one prefix an address never changes while a process lives."""
    return reverse(name)


@register.filter
def advice(reason: str) -> Any:
    """`{{ message.reason|advice }}`: what a person can do about a message that was not taken."""
    return channels.advice(reason)


def _about(thing: Model) -> str:
    return urlencode({"about_model": thing._meta.label_lower, "about_id": thing.pk})


@register.inclusion_tag("core/parts/_margin.html", takes_context=True)
def margin(context: Context, thing: Model) -> dict[str, Any]:
    """What the other apps have to show beside this object; fetched in one request after the page stands."""
    return {"url": f"{reverse('core:margins', kwargs={'workspace': _slug(context)})}?{_about(thing)}"}


@register.inclusion_tag("core/parts/_do_button.html", takes_context=True)
def do(context: Context, key: str, thing: Model | None = None, label: str = "", style: str = "") -> dict[str, Any]:
    """A button for any app's effect about this object; nothing where the viewer may not."""
    viewer = context.get("viewer")
    try:
        effect = registry.effect(key)
    except registry.UnknownKey:
        return {"effect": None}
    if viewer is None or not viewer.may(effect.role) or not viewer.may_enter(key.partition(".")[0]):
        return {"effect": None}
    url = reverse("core:do", kwargs={"workspace": _slug(context), "key": key})
    return {
        "effect": effect,
        "url": f"{url}?{_about(thing)}" if thing is not None and thing.pk else url,
        "label": label,
        "style": style,
    }


@register.simple_tag(takes_context=True)
def section(context: Context, told: Told, medium: str = "screen") -> str:
    """A section of any app, drawn by its own template for screen or paper."""
    request = context.get("request")
    inner = {
        **told.context,
        "medium": medium,
        "section": told.section,
        "workspace": context.get("workspace"),
        "viewer": context.get("viewer"),
        "period": context.get("period"),
    }
    return loader.render_to_string(told.section.template, inner, request=request)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """This address's query with some values changed; None removes one."""
    current = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            current.pop(name, None)
        else:
            current[name] = value
    return str(current.urlencode())
