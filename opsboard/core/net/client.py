"""Ask other servers over HTTP, within bounds of time and size."""

import ipaddress
import json
import logging
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from opsboard.core.net.permitted import Address, is_allowed_host, may_connect, resolve
from opsboard.core.net.transport import NotAllowed, Transport

logging.getLogger("httpx").setLevel(
    logging.WARNING
)  # it would write whole addresses into the log, with what is secret in them

USER_AGENT: Final = "Opsboard"
MAX_REDIRECTS: Final = 5
MAX_BYTES: Final = 5_000_000
_BLOCK: Final = 64 * 1024


class OutboundError(Exception):
    """The request got no usable answer. ``str()`` says why in the active language.

    ``unknown`` is True where the other side may have got and done it all the same (time ran out after sending): only
    what may be done twice is tried again then.
    """

    text = _("The address could not be reached.")

    def __init__(self, url: str = "", *, unknown: bool = False, **values: Any) -> None:
        self.url = url
        self.unknown = unknown
        self.values = {"url": shown(url), **values}
        super().__init__(url)

    @property
    def message(self) -> str:
        """The sentence in the active language."""
        return gettext(self.text) % self.values

    def __str__(self) -> str:
        return self.message


class BadAddress(OutboundError):
    """Not an http or https address."""

    text = _("“%(url)s” is not an address that begins with http:// or https://.")


class Refused(OutboundError):
    """The address leads into a private network and isn't allowed."""

    text = _("“%(host)s” leads into a private network. The administrator can allow it with OUTBOUND_ALLOW_PRIVATE.")


class Unreachable(OutboundError):
    """No such name, no connection, or no valid certificate."""

    text = _("“%(host)s” could not be reached: %(reason)s")


class TimedOut(OutboundError):
    """The answer took too long."""

    text = _("“%(host)s” did not answer in time.")


class TooLarge(OutboundError):
    """The answer is larger than was asked for."""

    text = _("The answer of “%(host)s” is larger than %(limit)s bytes.")


class BadAnswer(OutboundError):
    """The answer isn't HTTP, is packed in a way we don't read, or redirects without end."""

    text = _("“%(host)s” gave an answer that could not be read.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. ``url`` is the address after redirects, ``seconds`` how long it all took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the status says success (2xx)."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text, in the character set that the answer names, else UTF-8; wrong bytes become �."""
        kind = self.headers.get("content-type", "")
        charset = kind.partition("charset=")[2].split(";")[0].strip("\"' ") or "utf-8"
        try:
            return self.body.decode(charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ``BadAnswer``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(self.url, host=_host(self.url)) from error


def fetch(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    deadline: float = 20.0,
    max_bytes: int = MAX_BYTES,
    follow: bool = True,
) -> Answer:
    """GET an address. ``timeout`` bounds each wait, ``deadline`` the whole, redirects included (both in seconds).

    Raises an ``OutboundError``; any HTTP status is an answer.
    """
    return send("GET", url, headers=headers, timeout=timeout, deadline=deadline, max_bytes=max_bytes, follow=follow)


def post(
    url: str,
    *,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    deadline: float = 20.0,
    max_bytes: int = MAX_BYTES,
    follow: bool = False,
) -> Answer:
    """POST JSON, a form, or bytes to an address; redirects are not followed unless asked for. As ``fetch`` otherwise."""
    return send(
        "POST", url, json=json, form=form, content=content, headers=headers, timeout=timeout, deadline=deadline,
        max_bytes=max_bytes, follow=follow,
    )  # fmt: skip


def send(
    method: str,
    url: str,
    *,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    deadline: float = 20.0,
    max_bytes: int = MAX_BYTES,
    follow: bool = False,
) -> Answer:
    """Any request; see ``fetch`` and ``post``."""
    began = time.monotonic()
    until = began + deadline
    target = _checked_url(url)
    own = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    with httpx.Client(transport=Transport(until), timeout=timeout, trust_env=False) as client:
        request = client.build_request(
            method, target, json=json, data=form, content=content, headers={**own, **(headers or {})}
        )
        for _hop in range(MAX_REDIRECTS + 1):
            host = request.url.host
            try:
                response = client.send(request, stream=True)
                try:
                    if follow and response.next_request is not None:
                        request = _redirected(request, response.next_request, headers or {})
                        continue
                    body = _read(response, max_bytes, until, host)
                finally:
                    response.close()
            except httpx.HTTPError as error:
                raise _explained(error, str(request.url), host) from error
            except (httpx.InvalidURL, ValueError) as error:
                raise BadAnswer(url, host=host) from error
            return Answer(
                response.status_code, dict(response.headers), body, str(request.url), time.monotonic() - began
            )
    raise BadAnswer(url, host=_host(url))


def check_url(url: str) -> None:
    """For forms: raises ``BadAddress`` or ``Refused`` for an address that could never be asked.

    Names aren't resolved (they may not exist yet, or move); the connection checks them each time.
    """
    host = _checked_url(url).host
    if is_allowed_host(host):
        return
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        if host.rstrip(".").lower() == "localhost" or host.lower().endswith((".localhost", ".local", ".internal")):
            raise Refused(url, host=host) from None
        return
    if not may_connect(host, address):
        raise Refused(url, host=host)


def addresses(host: str, port: int, *, timeout: float = 5.0) -> list[Address]:
    """For what speaks something else than HTTP (databases): the addresses behind a name that may be connected to.

    The caller connects to one of these and not to the name. Raises ``Unreachable`` or ``Refused``.
    """
    try:
        found = resolve(host, port, timeout)
    except TimeoutError as error:
        raise TimedOut(host, host=host) from error
    except (OSError, UnicodeError) as error:
        raise Unreachable(host, host=host, reason=str(error)[:200]) from error
    allowed = [address for address in found if may_connect(host, address)]
    if not allowed:
        raise Refused(host, host=host)
    return allowed


def shown(url: str) -> str:
    """An address for messages and logs: without user name, password and query, which may be secrets."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        return str(url)[:80]
    return str(parts.copy_with(username=None, password=None, query=None, fragment=None))[:200]


def _checked_url(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise BadAddress(str(url)) from error
    if target.scheme not in {"http", "https"} or not target.host:
        raise BadAddress(url)
    return target


def _redirected(old: httpx.Request, new: httpx.Request, given: Mapping[str, str]) -> httpx.Request:
    target = _checked_url(str(new.url))
    if (old.url.scheme, target.scheme) == ("https", "http"):
        raise BadAnswer(str(old.url), host=old.url.host)
    if (old.url.host, old.url.port, old.url.scheme) != (target.host, target.port, target.scheme):
        # What the caller sends with the request (keys, tokens) is for the host that the caller named.
        for name in given:
            if name.lower() not in {"accept", "accept-language", "content-type", "user-agent"}:
                new.headers.pop(name, None)
    return new


def _read(response: httpx.Response, max_bytes: int, until: float, host: str) -> bytes:
    url = str(response.url)
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise TooLarge(url, host=host, limit=max_bytes)
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in {"", "identity", "gzip", "deflate"}:
        raise BadAnswer(url, host=host)
    # Unpacked by hand: the library unpacks a whole block at once, and a small block can hold gigabytes.
    unpacker = zlib.decompressobj(wbits=47) if packing in {"gzip", "deflate"} else None
    body = bytearray()
    for block in response.iter_raw(_BLOCK):
        try:
            body += block if unpacker is None else unpacker.decompress(block, max_bytes + 1 - len(body))
        except zlib.error as error:
            raise BadAnswer(url, host=host) from error
        if len(body) > max_bytes:
            raise TooLarge(url, host=host, limit=max_bytes)
        if time.monotonic() > until:
            raise TimedOut(url, unknown=True, host=host)
    return bytes(body)


def _explained(error: httpx.HTTPError, url: str, host: str) -> OutboundError:
    refusal = _cause(error, NotAllowed)
    if refusal is not None:
        return Refused(url, host=host)
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return TimedOut(url, host=host)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(url, unknown=True, host=host)
    if isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol):
        return Unreachable(url, host=host, reason=str(error)[:200] or type(error).__name__)
    if isinstance(error, httpx.NetworkError):
        return Unreachable(url, unknown=True, host=host, reason=str(error)[:200] or type(error).__name__)
    # RemoteProtocolError: it went away after the request was sent, or speaks something else.
    return BadAnswer(url, unknown=True, host=host)


def _cause[E: BaseException](error: BaseException | None, kind: type[E]) -> E | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except (httpx.InvalidURL, ValueError, TypeError):
        return str(url)[:80]
