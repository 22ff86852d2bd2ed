"""Reads every app's `contract.py` once, and answers what the house has to offer.

A missing file is fine; a broken one raises. Nothing here knows any app by name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, tzinfo
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import (
    Contract,
    Dataset,
    Effect,
    Event,
    Finding,
    Found,
    Indicator,
    Part,
    Parts,
    Reaction,
    Reading,
    Section,
    Starter,
    Thing,
    Watchable,
)
from opsboard.core.once import look

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.periods import Period

log = logging.getLogger(__name__)


class UnknownKey(LookupError):
    """No app offers this key."""


@cache
def rooms() -> dict[str, str]:
    """`{app label: module name}` of the techniques and shared apps, in the order of the settings."""
    names = [*settings.TECHNIQUES, *(f"opsboard.{name}" for name in settings.SHARED_APPS)]
    return {name.rpartition(".")[2]: name for name in names}


@cache
def contracts() -> dict[str, Contract]:
    """`{app label: contract}`; core's own contract comes last."""
    found: dict[str, Contract] = {}
    for label, module in {**rooms(), "core": "opsboard.core"}.items():
        name = "opsboard.core.house" if label == "core" else f"{module}.contract"
        if find_spec(name) is None:
            continue
        contract = import_module(name).contract
        if not isinstance(contract, Contract):
            raise TypeError(f"{name}.contract is not a Contract")
        found[label] = contract
    return found


def contract_of(label: str) -> Contract | None:
    return contracts().get(label)


def _each(word: str, viewer: Viewer | None = None) -> Iterator[Any]:
    for label, contract in contracts().items():
        if viewer is None or viewer.may_enter(label):
            yield from getattr(contract, word)


def indicators(viewer: Viewer | None = None) -> list[Indicator]:
    return list(_each("indicators", viewer))


def events() -> list[Event]:
    return list(_each("events"))


def effects(viewer: Viewer | None = None) -> list[Effect]:
    return list(_each("effects", viewer))


def reactions() -> list[Reaction]:
    return list(_each("reactions"))


def findings(viewer: Viewer | None = None) -> list[Finding]:
    return list(_each("findings", viewer))


def sections(viewer: Viewer | None = None) -> list[Section]:
    return sorted(_each("sections", viewer), key=lambda section: (section.order, section.key))


def datasets(viewer: Viewer | None = None) -> list[Dataset]:
    return list(_each("datasets", viewer))


def things() -> list[Thing]:
    return list(_each("things"))


def starters() -> list[Starter]:
    return list(_each("starters"))


def event(key: str) -> Event:
    for candidate in events():
        if candidate.key == key:
            return candidate
    raise UnknownKey(key)


def effect(key: str) -> Effect:
    for candidate in effects():
        if candidate.key == key:
            return candidate
    raise UnknownKey(key)


def margins(viewer: Viewer) -> list[str]:
    return [contract.margin for label, contract in contracts().items() if contract.margin and viewer.may_enter(label)]


def navigation(viewer: Viewer) -> list[tuple[Part, list[tuple[str, Contract]]]]:
    """The three parts, each with the apps that have a home and that the viewer may enter."""
    answer = []
    for part in Part:
        apps_of_part = [
            (label, contract)
            for label, contract in contracts().items()
            if contract.home and contract.home.part is part and viewer.may_enter(label)
        ]
        apps_of_part.sort(key=lambda pair: pair[1].home.order if pair[1].home else 0)
        answer.append((part, apps_of_part))
    return answer


# --- indicators by key -----------------------------------------------------------------------------------------------


def indicator_of(key: str) -> Indicator:
    """The indicator that owns a full key such as `metrics.value:on_time`."""
    prefix = key.partition(":")[0]
    for candidate in indicators():
        if candidate.key == prefix:
            return candidate
    raise UnknownKey(key)


def catalogue(viewer: Viewer) -> list[Watchable]:
    """Every number that this viewer may watch."""
    return [entry for indicator in indicators(viewer) for entry in indicator.catalogue(viewer)]


def watchable(viewer: Viewer, key: str) -> Watchable:
    """The catalogue's entry of one key; raises UnknownKey where it does not exist or may not be seen."""
    owner = indicator_of(key)
    if not viewer.may_enter(key.partition(".")[0]):
        raise UnknownKey(key)
    for entry in owner.catalogue(viewer):
        if entry.key == key:
            return entry
    raise UnknownKey(key)


def _by_owner(keys: Iterable[str]) -> dict[str, tuple[Indicator, list[str]]]:
    owners = {owner.key: owner for owner in reversed(indicators())}
    grouped: dict[str, tuple[Indicator, list[str]]] = {}
    for key in dict.fromkeys(keys):
        prefix = key.partition(":")[0]
        if prefix in owners:
            grouped.setdefault(prefix, (owners[prefix], []))[1].append(key)
    return grouped


def read(viewer: Viewer, keys: Iterable[str], now: datetime) -> list[Reading]:
    """All readings of the keys, each key for all its label sets. A key that fails reads as status `error`."""
    answer: list[Reading] = []
    for owner, owned in _by_owner(keys).values():
        try:
            with _safely():
                answer.extend(owner.read(viewer, owned, now))
        except Exception:  # one app's fault must not silence the others' numbers
            log.exception("indicator %s could not be read", owner.key)
            answer.extend(Reading(key, {}, now, None, status="error") for key in owned)
    return answer


def history(
    viewer: Viewer, keys: Iterable[str], period: Period, parts: Parts | None = None
) -> dict[str, Sequence[Reading]]:
    """`{key: readings}` over a period: the app's own history where it has one, else core's snapshots.

    Without `parts` the whole number is told; a number of which only label sets are kept has those.
    """
    snapshots = import_module("opsboard.core.snapshots")
    answer: dict[str, Sequence[Reading]] = {}
    for owner, owned in _by_owner(keys).values():
        past: Mapping[str, Sequence[Reading]] = (
            owner.history(viewer, owned, period, parts)
            if owner.history
            else snapshots.history(viewer, owned, period, parts)
        )
        answer.update(past)
    return answer


def apart(viewer: Viewer, keys: Sequence[str], period: Period, zone: tzinfo | None = None) -> dict[str, Apart]:
    """What of a period is no guide to what is usual, for each of these numbers: days off, and what any app calls maintained."""
    calendar = viewer.workspace.calendar
    spans: dict[str, list[tuple[datetime, datetime]]] = {key: [] for key in keys}
    for contract in contracts().values():
        if contract.maintained is not None:
            for key, found in contract.maintained(viewer, keys, period).items():
                spans[key] += found
    days, worked = calendar.holidays - set(calendar.shifted), calendar.worked_like
    return {
        key: Apart(zone or viewer.workspace.zone, days, worked, tuple(sorted(found))) for key, found in spans.items()
    }


def find(viewer: Viewer, period: Period) -> list[Found]:
    """All findings of a period, the weightiest first."""
    found: list[Found] = []
    with look():
        for finding in findings(viewer):
            try:
                with _safely():
                    found.extend(finding.find(viewer, period))
            except Exception:  # one app's fault must not empty everybody's list
                log.exception("findings %s could not be read", finding.key)
    return sorted(found, key=lambda one: (-one.weight, one.key))


def _safely() -> AbstractContextManager[Any]:
    """Inside a transaction a savepoint, so that one app's fault leaves the caller's work whole; else nothing."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


# --- the beat table --------------------------------------------------------------------------------------------------


def beat_table() -> dict[str, dict[str, Any]]:
    """Celery's beat schedule from all contracts; a late worker never piles up because entries expire."""
    table: dict[str, dict[str, Any]] = {}
    for every in _each("schedule"):
        table[every.task] = {
            "task": every.task,
            "schedule": float(every.seconds),
            "options": {"queue": every.queue, "expires": max(1.0, every.seconds * 0.9)},
        }
    return table


def label_of_module(module: str) -> str:
    """The app label of a module name such as `opsboard.alerts.views`."""
    config = apps.get_containing_app_config(module)
    return config.label if config else ""
