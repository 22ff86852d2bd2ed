"""A POST that carries an `Idempotency-Key` is done once: sent again it gets the first answer.

After the IETF draft “The Idempotency-Key HTTP Header Field”: the same key with another body is 422, a key whose first
request is still running is 409. Answers are kept for a day; a server fault (5xx) is forgotten, so that it can be tried again.

People have no such key, but each page's form has a token of its own: a form that an impatient click sends twice is done
once as well.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from opsboard.core import secrets
from opsboard.core.api import problem
from opsboard.core.models import ApiToken
from opsboard.core.services.tokens import hash_secret

KEEP = 24 * 3600
LONGEST = 200
SAME_CLICK = 5  # seconds: a second click, not a second wish
PATIENCE = 30  # seconds that the second click waits for the first one's answer


class IdempotencyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method != "POST" or not request.path.startswith("/api/"):
            return self.get_response(request)
        if request.content_type == "multipart/form-data" and not _knows_us(request):
            return self.get_response(request)  # it is refused there, before anybody reads the upload
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


def _knows_us(request: HttpRequest) -> bool:
    secret = request.headers.get("Authorization", "").partition(" ")[2]
    return ApiToken.objects.filter(token_hash=hash_secret(secret), revoked_at=None).exists()


def _fingerprint(request: HttpRequest) -> str:
    """The sum of what was sent. An upload is taken in by Django's own rules, large files on disk, and read in pieces:
    its boundaries differ each time that a program sends it, its parts do not."""
    if request.content_type != "multipart/form-data":
        return _sum(request.body)
    digest = hashlib.sha256()  # what cannot be read as an upload is refused by the first look at it, with 400
    for name, values in sorted(request.POST.lists()):
        digest.update(json.dumps([name, values]).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(json.dumps([name, file.name, file.size]).encode())
            for piece in file.chunks():
                digest.update(piece)
            file.seek(0)
    return "multipart:" + digest.hexdigest()


def _sum(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return digest.hexdigest()


class OnceMiddleware:
    """The same form sent again at once gets the first sending's answer; one that was refused may be sent again.

    Only the latest form of a session is remembered: there, back and there again are three wishes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        place = self._place(request)
        if not place:
            return self.get_response(request)
        until = time.monotonic() + PATIENCE
        while not cache.add(place, "", PATIENCE) and time.monotonic() < until:
            if kept := cache.get(place):
                return _unpacked(secrets.unseal(kept))
            time.sleep(0.05)
        try:
            response = self.get_response(request)
        except BaseException:
            cache.delete(place)
            raise
        if response.status_code >= 400 or response.streaming:
            cache.delete(place)
        else:  # an answer may hold what is shown only once, such as a token
            cache.set(place, secrets.seal(_packed(response)), SAME_CLICK)
        return response

    def _place(self, request: HttpRequest) -> str:
        """Where the answer to this form is kept; nothing for what is no such form."""
        if request.method != "POST" or request.content_type != "application/x-www-form-urlencoded":
            return ""
        session = request.session.session_key
        if not session or not request.user.is_authenticated or b"csrfmiddlewaretoken=" not in request.body:
            return ""
        place = "once:" + _sum(session, request.get_full_path(), request.headers.get("HX-Request", ""), request.body)
        latest = "once:latest:" + _sum(session)
        if (before := cache.get(latest)) not in (None, place):
            cache.delete(before)
        cache.set(latest, place, PATIENCE)
        return place


def _packed(response: HttpResponse) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "headers": dict(response.headers),
        "cookies": [morsel.OutputString() for morsel in response.cookies.values()],
        "content": base64.b64encode(response.content).decode(),
    }


def _unpacked(kept: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(base64.b64decode(kept["content"]), status=kept["status"], headers=kept["headers"])
    for cookie in kept["cookies"]:
        response.cookies.load(cookie)
    return response
