"""A cache inside a process, for what is never changed once it is kept: texts, bytes, frozen objects.

Django's cache in local memory copies what it gives (it pickles); with drawings of hundreds of kB on each page that is a
good part of the work. Here everybody gets the same object.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

_places: dict[str, OrderedDict[str, tuple[float | None, Any]]] = {}
_locks: dict[str, threading.Lock] = {}


class NearCache(BaseCache):
    """`LOCATION` names what several of them share. Where it is full, what was kept longest ago goes first."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._kept = _places.setdefault(name, OrderedDict())
        self._lock = _locks.setdefault(name, threading.Lock())

    def validate_key(self, key: str) -> None:
        """Any text will do."""

    def _there(self, key: str) -> tuple[float | None, Any] | None:
        found = self._kept.get(key)
        return None if found is None or (found[0] is not None and found[0] <= time.time()) else found

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._there(self.make_key(key, version))
        return default if found is None else found[1]

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._there(self.make_key(key, version)) is not None

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        with self._lock:
            self._keep(self.make_key(key, version), value, timeout)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        place = self.make_key(key, version)
        with self._lock:
            if self._there(place) is not None:
                return False
            self._keep(place, value, timeout)
            return True

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        place = self.make_key(key, version)
        with self._lock:
            found = self._there(place)
            if found is None:
                return False
            self._kept[place] = (self.get_backend_timeout(timeout), found[1])
            return True

    def delete(self, key: str, version: int | None = None) -> bool:
        with self._lock:
            return self._kept.pop(self.make_key(key, version), None) is not None

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def _keep(self, place: str, value: Any, timeout: Any) -> None:
        self._kept.pop(place, None)
        self._kept[place] = (self.get_backend_timeout(timeout), value)
        while len(self._kept) > self._max_entries:
            self._kept.popitem(last=False)
