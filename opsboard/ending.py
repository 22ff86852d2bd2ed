"""Being asked to end (Ctrl-C, SIGTERM, a closed terminal), without losing the request.

A handler that raises is heard at once, except inside Python's own hooks: what it raises while a process forks is
dropped, and the request with it. So the handler also notes it, and nothing is raised while `held`.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_asked = False
_holds = 0


def listen() -> None:
    """From now on these signals raise KeyboardInterrupt in the main thread."""
    global _asked
    _asked = False
    for number in SIGNALS:
        signal.signal(number, _on_signal)


def _on_signal(number: int, frame: object) -> None:
    global _asked
    _asked = True
    if not _holds:
        raise KeyboardInterrupt


def heed() -> None:
    """Raise KeyboardInterrupt if somebody asked."""
    if _asked:
        raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """Around a fork: the child is known before the request is heard. Call `heed` afterwards, where it can be ended."""
    global _holds
    _holds += 1
    try:
        yield
    finally:
        _holds -= 1
