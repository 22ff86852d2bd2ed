"""What is larger than any upload may be is refused by what it says of itself, before a byte of it is kept."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from opsboard.core.api import problem

ROOM = 2_000_000  # for the other fields of a form


class SizeMiddleware:
    """Stands before whoever reads the body: the protection of forms does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = max(settings.UPLOAD_LIMIT, settings.LOG_LIMIT)
        told = request.META.get("CONTENT_LENGTH") or "0"
        if not told.isdecimal() or int(told) <= limit + ROOM:
            return self.get_response(request)
        text = _("The file is larger than %(limit)s MB. Split it into smaller files.") % {"limit": limit // 1_000_000}
        if request.path_info.startswith("/api/"):
            return problem(413, detail=text)
        return render(request, "413.html", {"text": text}, status=413)
