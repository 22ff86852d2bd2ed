"""A POST that carries an `Idempotency-Key` is done once: sent again it gets the first answer.

After the IETF draft “The Idempotency-Key HTTP Header Field”: the same key with another body is 422, a key whose first
request is still running is 409. Answers are kept for a day; a server fault (5xx) is forgotten, so that it can be tried again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from opsboard.core.api import problem

KEEP = 24 * 3600
LONGEST = 200


class IdempotencyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method != "POST" or not request.path.startswith("/api/"):
            return self.get_response(request)
        if len(key) > LONGEST:
            return problem(400, detail=f"An Idempotency-Key has {LONGEST} characters at most.")
        place = "idempotency:" + _sum(request.headers.get("Authorization", ""), request.path, key)
        mark = _fingerprint(request)
        if not cache.add(place, {"mark": mark}, KEEP):
            return _earlier(cache.get(place) or {}, mark)
        try:
            response = self.get_response(request)
        except BaseException:
            cache.delete(place)
            raise
        if response.status_code >= 500 or response.status_code == 401 or response.streaming:
            cache.delete(place)
        else:
            answer = (response.status_code, response.headers.get("Content-Type", ""), response.content)
            cache.set(place, {"mark": mark, "answer": answer}, KEEP)
        return response


def _earlier(kept: dict[str, Any], mark: str) -> HttpResponse:
    if kept.get("mark") != mark:
        return problem(422, detail="This Idempotency-Key was used for another body.")
    if "answer" not in kept:
        return problem(409, detail="The first request with this Idempotency-Key is still running.")
    status, kind, content = kept["answer"]
    response = HttpResponse(content, status=status, content_type=kind)
    response["Idempotency-Replayed"] = "true"
    return response


def _fingerprint(request: HttpRequest) -> str:
    """The body's sum; of an upload its length, since reading it here would hold the file in memory."""
    if request.content_type == "multipart/form-data":
        return f"multipart:{request.headers.get('Content-Length', '')}"
    return _sum(request.body)


def _sum(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return digest.hexdigest()
