"""What several parts of one page ask for, asked once.

A page tells sections and findings of many apps; some of them need the same rows. Inside `look()` a question marked with
`once` is answered once for the same arguments, and forgotten when the look ends: nothing of it is seen by the next.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)


@contextmanager
def look() -> Iterator[None]:
    """A time in which nothing is changed. Looks inside a look are part of it."""
    if _known.get() is not None:
        yield
        return
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def once[**P, R](question: Callable[P, R]) -> Callable[P, R]:
    """Whoever asks gets the same answer, so nobody writes into it."""

    @functools.wraps(question)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        known = _known.get()
        if known is None:
            return question(*args, **kwargs)
        key = (question, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = question(*args, **kwargs)
        answer: R = known[key]
        return answer

    return asked
