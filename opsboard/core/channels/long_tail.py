"""The many other services, by Apprise: only those of its plugins that speak HTTP, and only through `core/net`.

The plugins think that they use `requests`; what they get is a stand-in that sends through our own door, so that private
addresses are refused here too. Plugins that open sockets, start programs, or read files are not available at all.
"""

from __future__ import annotations

import contextvars
import logging
import sys
import threading
from typing import Any

from opsboard.core import net
from opsboard.core.cards import Card
from opsboard.core.channels import calls, texts
from opsboard.core.channels.answers import NotTaken, Unclear, Way
from opsboard.core.lazy import lazy

apprise = lazy("apprise")
requests = lazy("requests")

ROOM = 3_000  # Telegram takes 4096 characters, others less than 8000 bytes
FORBIDDEN = {"socket", "ssl", "smtplib", "subprocess", "threading", "asyncio", "websocket", "select", "multiprocessing"}
LOCAL_OPTIONS = {
    "template",
    "attach",
    "attachment",
    "keyfile",
    "key_file",
    "cert",
    "pem",
    "pgpkey",
    "subfile",
    "config",
}
TYPES = {"critical": "failure", "warning": "warning", "info": "info"}
_fault: contextvars.ContextVar[net.OutboundError | None] = contextvars.ContextVar("fault", default=None)
_answers: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("answers", default=())
_lock = threading.Lock()


class NotAService(Exception):
    """No address of a service that may be used. `schema` names it where it was understood."""

    def __init__(self, schema: str = "") -> None:
        self.schema = schema
        super().__init__(schema)


class _Requests:
    """What a plugin finds under the name `requests`."""

    def __getattr__(self, name: str) -> Any:
        if name in {"Session", "session", "sessions", "api", "adapters"}:
            raise PermissionError(f"requests.{name} is not available")
        return getattr(requests, name)

    def request(self, method: str, url: str, **how: Any) -> Any:
        kept = {name: how.get(name) for name in ("headers", "data", "json", "params", "auth", "cookies", "files")}
        asked = requests.Request(method.upper(), url, **kept).prepare()
        body = asked.body.encode() if isinstance(asked.body, str) else asked.body
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "content-length"}
        try:
            came = net.send(asked.method, asked.url, content=body, headers=headers, max_bytes=calls.MAX_BYTES)
        except net.OutboundError as fault:
            _fault.set(fault)
            raise requests.RequestException(type(fault).__name__) from None
        _answers.set((*_answers.get(), f"HTTP {came.status} {came.text[:200]}"))
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = came.status, came.body, asked.url
        answer.headers.update(came.headers)
        answer.encoding, answer.request = "utf-8", asked
        return answer

    def get(self, url: str, params: Any = None, **how: Any) -> Any:
        return self.request("GET", url, params=params, **how)

    def post(self, url: str, data: Any = None, json: Any = None, **how: Any) -> Any:
        return self.request("POST", url, data=data, json=json, **how)

    def put(self, url: str, data: Any = None, **how: Any) -> Any:
        return self.request("PUT", url, data=data, **how)

    def patch(self, url: str, data: Any = None, **how: Any) -> Any:
        return self.request("PATCH", url, data=data, **how)

    def delete(self, url: str, **how: Any) -> Any:
        return self.request("DELETE", url, **how)

    def head(self, url: str, **how: Any) -> Any:
        return self.request("HEAD", url, **how)


def _no_files(*_path: Any, **_how: Any) -> Any:
    raise PermissionError("files of this server are not read")


class _NoAttachment:
    """Instead of Apprise's attachments, which read files and addresses."""

    def __init__(self, *_what: Any, **_how: Any) -> None:
        pass

    def add(self, *_what: Any, **_how: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


def plugin(url: str) -> Any:
    """The service that an address names, ready to send through our door. Raises `NotAService`."""
    schema = url.partition("://")[0].lower()
    if "://" not in url or any(ord(sign) < 32 for sign in url):
        raise NotAService
    options = {pair.partition("=")[0].lower() for pair in url.partition("?")[2].replace(";", "&").split("&")}
    if options & LOCAL_OPTIONS:
        raise NotAService(schema)
    with _lock:
        kinds = apprise.manager_plugins.NotificationManager()
        kind = kinds[schema] if schema in kinds else None  # noqa: SIM401 (it has no get)
        if kind is None or not all(_tame(sys.modules[one.__module__]) for one in kind.__mro__ if _is_plugin(one)):
            raise NotAService(schema)
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what is wrong is told to people, not to the log
        asset = apprise.AppriseAsset(
            app_id="Opsboard", app_desc="Opsboard", app_url="", async_mode=False, secure_logging=True,
            storage_mode=apprise.PersistentStoreMode.MEMORY, image_url_mask="", image_url_logo="",
        )  # fmt: skip
        try:
            found = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        except Exception as fault:
            raise NotAService(schema) from fault
    if found is None:
        raise NotAService(schema)
    found.request_rate_per_sec = 0  # our own limits pace it
    return found


def _is_plugin(kind: type) -> bool:
    return kind.__module__.startswith("apprise.plugins.") and kind.__module__ != "apprise.plugins.base"


def _tame(module: Any) -> bool:
    """Whether a plugin speaks HTTP only; its door outward is ours from then on."""
    names = vars(module)
    if isinstance(names.get("requests"), _Requests):
        return True
    if "requests" not in names or hasattr(module, "__path__") or module.__name__.count(".") != 2:
        return False
    used = {value.__name__.partition(".")[0] for value in names.values() if type(value) is type(sys)}
    if used & FORBIDDEN:
        return False
    module.requests = _Requests()
    module.open = _no_files
    if "AppriseAttachment" in names:
        module.AppriseAttachment = _NoAttachment
    return True


def deliver(card: Card, way: Way) -> str:
    try:
        service = plugin(way.settings["url"])
    except NotAService as fault:
        raise NotTaken(fault.schema, reason="address", for_good=True) from fault
    _fault.set(None)
    _answers.set(())
    taken = service.notify(
        title=texts.short(str(card.title), 200), body=_body(card, way), notify_type=TYPES.get(card.severity, "info"),
        body_format="text",
    )  # fmt: skip
    trouble, answers = _fault.get(), _answers.get()
    if taken:
        return answers[-1][:12] if answers else ""
    if trouble is not None:
        if answers:  # some of it may have arrived
            raise Unclear(trouble.message)
        raise trouble
    if len(answers) > 1 and any(one.startswith("HTTP 2") for one in answers):
        raise Unclear(answers[-1])
    words = answers[-1] if answers else ""
    if words.startswith("HTTP 429"):
        raise NotTaken(words, reason="busy", wait=calls.patience(""))
    if words.startswith("HTTP 5"):
        raise NotTaken(words, reason="server")
    raise NotTaken(words, reason="library", for_good=True)


def _body(card: Card, way: Way) -> str:
    parts = [str(card.text)] if card.text else []
    parts += [f"{label}: {value}" for label, value in card.lines]
    parts += [f"{one.label}: {one.url}" for one in texts.links(card, 5)]
    return texts.cut("\n".join([*parts, texts.footer(card, way)]), ROOM + 500)
