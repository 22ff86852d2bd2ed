"""The words that the rooms of the house use to speak to one another.

An app's `contract.py` holds one `contract = Contract(...)`. All words are frozen dataclasses; whatever returns content takes
a `Viewer` (who asks, in which workspace). Keys begin with the app's own name (`risks.risk_raised`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from django import forms
    from django.db.models import Model

    from opsboard.core.access import Viewer
    from opsboard.core.models import Occurrence, User, Workspace
    from opsboard.core.periods import Period

type Text = Any
"""A `str` or a lazy translation."""

Direction = Literal["up", "down", ""]
Status = Literal["ok", "missing", "error"]


class Part(enum.StrEnum):
    """The three parts of the navigation: the loop."""

    FIND = "find"
    FIX = "fix"
    PROVE = "prove"


@dataclass(frozen=True)
class Home:
    """An app's front page; having one puts the app in the navigation."""

    address: str
    part: Part
    icon: str
    order: int
    hint: Text = ""  # one sentence for the home page: what one gets here
    begin: str = ""  # name of the address where somebody begins who has no numbers yet


@dataclass(frozen=True)
class Ref:
    """A pointer to an object of any app, with the name that it had."""

    model: str  # app_label.model
    pk: int
    name: str
    url: str = ""

    @classmethod
    def to(cls, thing: Model) -> Ref:
        url = getattr(thing, "get_absolute_url", None)
        return cls(thing._meta.label_lower, int(thing.pk), str(thing), str(url()) if url else "")


@dataclass(frozen=True)
class Reading:
    """One value of one indicator and label set. `at` is the moment or the start of the bucket that it speaks of.

    `about` and `detail` may name the one thing behind the value ("Order 4711, waiting since 10:02, Li Na"), so that a
    notice can do so.
    """

    key: str
    labels: Mapping[str, str]
    at: datetime | None
    value: float | None
    weight: float = 1.0
    status: Status = "ok"
    about: Ref | None = None
    detail: Text = ""


@dataclass(frozen=True)
class Watchable:
    """One entry of an indicator's catalogue: a concrete number with its full key, such as `metrics.value:on_time`."""

    key: str
    title: Text
    unit: str = ""
    direction: Direction = ""
    url: str = ""
    about: Ref | None = None
    dimensions: tuple[str, ...] = ()
    grain_seconds: int = 0  # 0 = a state, always current
    target: float | None = None
    decimals: int | None = None
    rate: bool = False  # values 0…1 that are shown as per cent
    aggregation: str = ""  # how the values of a bucket become one: sum, mean, last, ratio; empty where it is not known
    settles_seconds: int = 0  # so much later its days are whole, where parts of it live by clocks that are behind


@dataclass(frozen=True)
class Parts:
    """Which label sets of a number are asked for beside the whole: those that have these labels; of very many, so many."""

    labels: Mapping[str, str] = field(default_factory=dict)
    most: int = 200


@dataclass(frozen=True)
class Indicator:
    """Here is a number you may watch.

    `key` is the prefix of every key in its catalogue (`metrics.value` for `metrics.value:on_time`; equal to the key
    where there is only one). `read` answers each asked key for all its label sets, in a number of queries that does not
    grow with the number of keys; `now` is a logical tick. `history` answers `{key: [Reading, …]}` for a period, of the whole
    number and, where `Parts` are asked for, of its label sets as `read` tells them; or it is absent: then core's hourly
    snapshots are the past. `snapshot` says whether core keeps those.
    """

    key: str
    title: Text
    catalogue: Callable[[Viewer], Iterable[Watchable]]
    read: Callable[[Viewer, Sequence[str], datetime], Sequence[Reading]]
    history: Callable[[Viewer, Sequence[str], Period, Parts | None], Mapping[str, Sequence[Reading]]] | None = None
    snapshot: bool = True


@dataclass(frozen=True)
class Fact:
    """A typed fact that travels with an event."""

    name: str
    title: Text
    kind: Literal["text", "number", "moment", "day", "flag", "person", "url"] = "text"


@dataclass(frozen=True)
class Event:
    """This kind of thing happens here."""

    key: str
    title: Text
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What an effect answers: the thing it made or changed, and a sentence about it."""

    about: Ref | None = None
    message: Text = ""
    result: Mapping[str, Any] = field(default_factory=dict)


class Perform(Protocol):
    def __call__(
        self, *, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any
    ) -> Outcome: ...


@dataclass(frozen=True)
class Effect:
    """This may be asked of me, with a form for its settings.

    `form` is called as a Django form with `viewer=` and, for its start values, `about=` (a Ref or None).
    A form may name a template, `body`, that draws its fields.
    `role` is the least role that may ask for it on a page.
    """

    key: str
    title: Text
    form: Callable[..., forms.Form]
    perform: Perform
    icon: str = "bolt"
    role: str = "editor"


@dataclass(frozen=True)
class Found:
    """One finding: a sentence, its evidence, and how an action about it would begin."""

    key: str
    title: Text
    detail: Text = ""
    about: Ref | None = None
    url: str = ""
    weight: float = 1.0
    indicator: str = ""
    severity: Literal["info", "warning", "critical"] = "warning"


@dataclass(frozen=True)
class Finding:
    """This deserves an action."""

    key: str
    title: Text
    find: Callable[[Viewer, Period], Iterable[Found]]


@dataclass(frozen=True)
class Section:
    """This is how I tell my week: one template for screen and paper (`medium` is `screen` or `print`).

    `tell` answers the template's context, or None where there is nothing to say.
    """

    key: str
    title: Text
    template: str
    tell: Callable[[Viewer, Period], Mapping[str, Any] | None]
    order: int = 50


@dataclass(frozen=True)
class Reaction:
    """When that event happens, call my service: core delivers once per reaction and occurrence.

    `event` is an event key, or `*` for all.
    """

    key: str
    event: str
    call: Callable[[Occurrence, datetime], None]


@dataclass(frozen=True)
class Column:
    name: str
    title: Text
    kind: Literal["text", "number", "moment", "day", "flag"] = "text"


@dataclass(frozen=True)
class Rows:
    """One readable set of rows."""

    key: str
    title: Text
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Dataset:
    """These rows of mine may be read."""

    key: str
    datasets: Callable[[Viewer], Iterable[Rows]]
    rows: Callable[[Viewer, str, Sequence[str], Mapping[str, Any]], Iterable[Sequence[Any]]]


@dataclass(frozen=True)
class Named:
    """A row of the search table."""

    pk: int
    name: str
    state: str
    url: str
    text: str
    limited_to: tuple[int, ...] = ()


@dataclass(frozen=True)
class Thing:
    """These objects of mine have a name, a state, an address and search text.

    `rows(workspace, pks)` answers in bulk; `pks` None means all.
    """

    key: str
    title: Text
    model: str
    icon: str
    rows: Callable[[Workspace, Sequence[int] | None], Iterable[Named]]


@dataclass(frozen=True)
class Starter:
    """This is my furniture for that trade. `trade` is a trade's key, or `demo`."""

    key: str
    title: Text
    furnish: Callable[[Workspace, User, str, datetime], None]


@dataclass(frozen=True)
class Every:
    """One periodic task: its full name and how often it runs; it expires a little before its next turn."""

    task: str
    seconds: float
    queue: str = "default"


@dataclass(frozen=True)
class Contract:
    title: Text
    home: Home | None = None
    indicators: tuple[Indicator, ...] = ()
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()
    findings: tuple[Finding, ...] = ()
    sections: tuple[Section, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    things: tuple[Thing, ...] = ()
    starters: tuple[Starter, ...] = ()
    # `{key: spans}` of a period in which these numbers were maintained, so that nothing should be learnt from them.
    maintained: Callable[[Viewer, Sequence[str], Period], Mapping[str, Sequence[tuple[datetime, datetime]]]] | None = (
        None
    )
    margin: str = ""  # name of an address of the app that answers a fragment for ?model=&pk=
    schedule: tuple[Every, ...] = ()
