"""Which addresses may be connected to: those of the open internet, and what the installation names."""

import ipaddress
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Final

from django.conf import settings

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Networks whose addresses carry an IPv4 address inside: NAT64, 6to4 and the old IPv4-compatible form.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = ipaddress.IPv6Network("2002::/16")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
# getaddrinfo knows no time limit; it waits in a thread, and we wait for the thread.
_resolvers: Final = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


def resolve(host: str, port: int, timeout: float | None) -> list[Address]:
    """All addresses behind a name. Raises TimeoutError, OSError or UnicodeError."""
    waiting: Future[Any] = _resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = waiting.result(timeout)
    except FutureTimeout:
        waiting.cancel()
        raise
    known = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return list(dict.fromkeys(known))


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet: not private, loopback, link-local, shared, reserved, multicast.

    An IPv6 address that carries an IPv4 address inside is judged by both. Source: IANA special-purpose registries, as
    in Python's ``ipaddress``.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.teredo is not None:
        return address.teredo[1]
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def may_connect(host: str, address: Address) -> bool:
    if is_public(address) or is_allowed_host(host):
        return True
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    for entry in settings.OUTBOUND_ALLOW_PRIVATE:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue
        if address in network or (mapped is not None and mapped in network):
            return True
    return False


def is_allowed_host(host: str) -> bool:
    name = host.rstrip(".").lower()
    for entry in settings.OUTBOUND_ALLOW_PRIVATE:
        allowed = str(entry).strip().lower()
        if allowed == "*" or name == allowed or (allowed.startswith(".") and name.endswith(allowed)):
            return True
    return False
