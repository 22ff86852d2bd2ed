"""The events process: one small ASGI application that passes `topic, version` from Redis on to open pages.

It checks the signed pass once and never touches the database; the page then reads its fragment through the normal view.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")
os.environ.setdefault("OPSBOARD_ROLE", "events")

import django

django.setup()

import redis.asyncio as redis  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core import signing  # noqa: E402

from opsboard.core import live  # noqa: E402

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
BREATH = 20.0


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _answer(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["path"] == "/healthz":
        return await _short(scope, send, 200, b"ok")
    if scope["path"] != "/events/" or scope["method"] != "GET":
        return await _short(scope, send, 404, b"not found")
    try:
        token = parse_qs(scope["query_string"].decode("ascii", "ignore")).get("token", [""])[0]
        workspace_id = live.read_token(token)["w"]
    except signing.BadSignature:
        return await _short(scope, send, 403, b"the pass is not valid")
    client = redis.from_url(settings.REDIS_URL)
    pubsub = client.pubsub()
    try:
        await pubsub.subscribe(live.channel(workspace_id))
        await send({"type": "http.response.start", "status": 200, "headers": [
            (b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"),
            *_cors(scope),
        ]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"retry: 3000\n: welcome\n\n", "more_body": True})
        for said in live.missed(await client.hgetall(live.latest(workspace_id)), token):
            await send({"type": "http.response.body", "body": b"data: " + said + b"\n\n", "more_body": True})
        gone = asyncio.create_task(_until_gone(receive))
        while not gone.done():
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=BREATH)
            text = b": still here\n\n" if message is None else b"data: " + message["data"] + b"\n\n"
            await send({"type": "http.response.body", "body": text, "more_body": True})
    except (redis.RedisError, OSError):
        return None
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _cors(scope: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    asking = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), "")
    origin = asking if asking in settings.EVENTS_ORIGINS else settings.EVENTS_ORIGINS[0]
    return [(b"access-control-allow-origin", origin.encode()), (b"vary", b"Origin")]


async def _short(scope: dict[str, Any], send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), *_cors(scope)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
