"""Pages of a list, and moments as programs write them."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Schema


class Paging(Schema):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""


def aware(moment: datetime | None) -> datetime | None:
    """A moment without an offset is taken as UTC."""
    return (
        timezone.make_aware(moment, timezone.get_default_timezone()) if moment and timezone.is_naive(moment) else moment
    )


def cursor_of(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    return int(text or 0)
