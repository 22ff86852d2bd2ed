"""Connections to checked addresses only, whose every wait ends with the time for the whole."""

import ssl
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from opsboard.core.net.permitted import Address, may_connect, resolve


class NotAllowed(httpcore.ConnectError):
    """None of the addresses behind a name may be connected to."""


class Transport(httpx.HTTPTransport):
    """httpx's transport on connections that obey this module's rules, until a moment (of ``time.monotonic``)."""

    def __init__(self, until: float) -> None:
        context = tls()
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_connections=2, http1=True, http2=False, network_backend=_Backend(until)
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, until: float) -> None:
        self._until = until
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = [address for address in self._resolve(host, port, timeout) if may_connect(host, address)]
        if not addresses:
            raise NotAllowed(f"{host} leads into a private network")
        failure: Exception | None = None
        for address in addresses:
            left = self._left(timeout)
            try:
                stream = self._plain.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _Stream(stream, self._until)
        assert failure is not None  # the loop ran at least once
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise NotAllowed("sockets of this machine are not connected to")

    def _resolve(self, host: str, port: int, timeout: float | None) -> list[Address]:
        try:
            return resolve(host, port, self._left(timeout))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error

    def _left(self, timeout: float | None) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout("the time for the whole request is over")
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the time for the whole: a byte a second does not keep it open."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for the whole request is over")
        return self._stream.read(max_bytes, left if timeout is None else min(left, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.WriteTimeout("the time for the whole request is over")
        self._stream.write(buffer, left if timeout is None else min(left, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout("the time for the whole request is over")
        limit = left if timeout is None else min(left, timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, limit), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    # trust_env here reads SSL_CERT_FILE only: the way to trust a company's own certificate authority.
    return httpx.create_ssl_context(trust_env=True)
