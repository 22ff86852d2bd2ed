"""Run several processes as one: prefixed output, restarts with back-off, a clean end in order, and no orphans.

It knows nothing of Django or Opsboard. Each child leads its own session, so that Ctrl-C reaches only us and whatever
a child left behind can be swept away with it; on Linux the kernel ends the children when we are killed ourselves.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, TextIO

from opsboard.embedded import ends_with_us

TICK = 0.1
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
SETTLED_AFTER = 20.0  # a child that lived this long begins again with the first delay
LINE_LIMIT = 16_384
COLOURS = (36, 33, 32, 35, 34, 31)


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running. `after` holds its first start back until it says yes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 10.0
    after: Callable[[], bool] | None = None


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    failures: int = 0
    rest: bytes = b""
    held: bool = True


class Speaker:
    """Lines with a name before them, in that name's colour on a terminal."""

    def __init__(self, names: Sequence[str], out: TextIO = sys.stdout) -> None:
        self.out = out
        self.width = max((len(name) for name in names), default=0)
        self.colours = dict(zip(names, (COLOURS[place % len(COLOURS)] for place in range(len(names))), strict=True))
        self.colourful = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def __call__(self, name: str, line: str) -> None:
        label = f"{name:<{self.width}} |"
        if self.colourful:
            label = f"\x1b[{self.colours.get(name, 1)}m{label}\x1b[0m"
        with suppress(OSError, ValueError):  # the terminal may be gone; the work goes on
            print(label, line, file=self.out, flush=True)


class Supervisor:
    """`run()` starts the children and returns when a signal or `stop()` asked for the end and all of them are gone."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        speaker: Speaker,
        name: str = "opsboard",
        each_second: Callable[[], None] | None = None,
    ) -> None:
        self._running = [_Running(child) for child in children]
        self._speaker = speaker
        self._name = name
        self._each_second = each_second
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0

    def say(self, line: str) -> None:
        self._speaker(self._name, line)

    def stop(self) -> None:
        self._asked_to_stop += 1

    @property
    def processes(self) -> dict[str, int]:
        return {one.child.name: one.process.pid for one in self._running if one.process and one.process.poll() is None}

    def run(self) -> None:
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        last = 0.0
        try:
            while not self._asked_to_stop:
                self._start_what_is_due()
                self._listen(TICK)
                self._bury_the_dead()
                if self._each_second and time.monotonic() - last >= 1:
                    last = time.monotonic()
                    self._each_second()
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    # --- starting ---

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for one in self._running:
            if one.process is not None or now < one.due_at:
                continue
            if one.held and one.child.after and not one.child.after():
                continue
            one.held = False
            self._start(one)

    def _start(self, one: _Running) -> None:
        one.started_at = time.monotonic()
        try:
            one.process = subprocess.Popen(
                list(one.child.command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **one.child.environment},
                start_new_session=True,
                preexec_fn=ends_with_us(signal.SIGTERM),
            )
        except OSError as error:
            self._wait_longer(one, f"can't be started: {error.strerror}")
            return
        if one.process.stdout:
            os.set_blocking(one.process.stdout.fileno(), False)
            self._selector.register(one.process.stdout, selectors.EVENT_READ, one)

    def _wait_longer(self, one: _Running, what_happened: str) -> None:
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**one.failures)
        one.failures += 1
        one.due_at = time.monotonic() + delay
        self.say(f"{one.child.name} {what_happened}; it starts again in {delay:g} s.")

    # --- listening ---

    def _listen(self, timeout: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self._selector.select(timeout):
            self._read(key.data, key.fileobj)  # type: ignore[arg-type]

    def _read(self, one: _Running, stream: IO[bytes]) -> bool:
        """Say what came in; whether there may be more."""
        try:
            text = os.read(stream.fileno(), 65_536)
        except BlockingIOError:
            return False
        if not text:
            self._selector.unregister(stream)
            stream.close()
        *lines, one.rest = (one.rest + text).split(b"\n")
        if not text or len(one.rest) > LINE_LIMIT:
            lines, one.rest = [*lines, one.rest], b""
        for line in lines:
            if line.strip():
                self._speaker(one.child.name, line.decode(errors="replace").rstrip())
        return bool(text)

    def _last_words(self, one: _Running) -> None:
        stream = one.process.stdout if one.process else None
        if stream and not stream.closed:
            while self._read(one, stream):
                pass
            if not stream.closed:  # a grandchild that escaped still holds the other end
                self._selector.unregister(stream)
                stream.close()
        if one.rest:
            self._speaker(one.child.name, one.rest.decode(errors="replace").rstrip())
            one.rest = b""

    # --- endings ---

    def _bury_the_dead(self) -> None:
        for one in self._running:
            if one.process is None or one.process.poll() is None:
                continue
            code = one.process.returncode
            self._sweep(one)
            if time.monotonic() - one.started_at > SETTLED_AFTER:
                one.failures = 0
            self._wait_longer(one, _ending(code))

    def _sweep(self, one: _Running) -> None:
        """After a child's end: end whatever it left in its session, then hear what was still in the pipe."""
        if one.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(one.process.pid, signal.SIGKILL)
        self._last_words(one)
        one.process = None

    def _end(self) -> None:
        alive = [one for one in self._running if one.process is not None]
        asked = self._asked_to_stop
        began = time.monotonic()
        for one in alive:
            self._signal(one, signal.SIGTERM)
        while alive:
            self._listen(TICK / 2)
            waited = time.monotonic() - began
            for one in list(alive):
                hurried = self._asked_to_stop > max(asked, 1)
                if one.process and one.process.poll() is None:
                    if waited > one.child.patience or hurried:
                        self.say(
                            f"{one.child.name} is still busy and is ended now; unfinished work is done again later."
                        )
                        with suppress(ProcessLookupError):
                            os.killpg(one.process.pid, signal.SIGKILL)
                        one.process.wait(10)
                    else:
                        continue
                self._sweep(one)
                alive.remove(one)
        self._selector.close()

    def _signal(self, one: _Running, number: int) -> None:
        if one.process:
            with suppress(ProcessLookupError):
                one.process.send_signal(number)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended by itself (exit status {code})"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
