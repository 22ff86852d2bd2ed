"""Waiting in a line before several people: the classical sums, to check the simulator against and for rules of thumb.

M/M/c: arrivals and working times vary exponentially, ``c`` people serve one line (Erlang 1917; Gross et al., Fundamentals of
Queueing Theory, 4th ed., section 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp


@dataclass(frozen=True, slots=True)
class Queue:
    """``load``: the share of their time that people work. Seconds; lengths are numbers of cases."""

    load: float
    share_waiting: float
    wait: float
    time_in_system: float
    line: float
    service: float
    people: int

    def share_longer(self, seconds: float) -> float:
        """The share of cases that wait longer than this."""
        return self.share_waiting * exp(-(self.people - self.load * self.people) * seconds / self.service)


class Overloaded(ValueError):
    """More arrives than people can do: the line grows without end."""


def erlang_b(people: int, offered: float) -> float:
    """The share that finds all people busy, where nobody waits. ``offered``: arrivals x working time."""
    blocked = 1.0
    for number in range(1, people + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked


def erlang_c(people: int, offered: float) -> float:
    """The share that must wait."""
    if offered >= people:
        raise Overloaded
    blocked = erlang_b(people, offered)
    return people * blocked / (people - offered * (1 - blocked))


def queue(*, arrivals_a_second: float, service: float, people: int) -> Queue:
    """The steady state of M/M/c."""
    if people < 1 or service <= 0 or arrivals_a_second < 0:
        raise ValueError("people, working time and arrivals are positive")
    offered = arrivals_a_second * service
    waiting = erlang_c(people, offered)
    wait = waiting * service / (people - offered)
    return Queue(offered / people, waiting, wait, wait + service, arrivals_a_second * wait, service, people)
