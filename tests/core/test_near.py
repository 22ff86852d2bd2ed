"""The cache inside a process: as Django's, but everybody gets the same object."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches

from opsboard.core.near import NearCache


@pytest.fixture
def near(request: pytest.FixtureRequest) -> NearCache:
    return NearCache(request.node.name, {"OPTIONS": {"MAX_ENTRIES": 3}})


def test_what_is_kept_is_given_as_it_is_and_not_as_a_copy(near: NearCache) -> None:
    kept = object()
    near.set("a", kept, 60)
    assert near.get("a") is kept
    assert ("a" in near, near.get("b", "none"), near.delete("a"), near.delete("a")) == (True, "none", True, False)


def test_what_is_over_is_gone_and_may_be_added_anew(near: NearCache, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    assert near.add("seen", 1, 60)
    assert not near.add("seen", 2, 60)
    clock[0] += 30
    assert near.touch("seen", 60)
    clock[0] += 59
    assert near.get("seen") == 1
    clock[0] += 1
    assert (near.get("seen"), near.has_key("seen"), near.touch("seen", 60)) == (None, False, False)
    assert near.add("seen", 3, None)
    clock[0] += 10**9
    assert near.get("seen") == 3


def test_the_one_kept_longest_goes_first(near: NearCache) -> None:
    for name in ("a", "b", "c", "a", "d"):
        near.set(name, name)
    assert [near.get(name) for name in "abcd"] == ["a", None, "c", "d"]


def test_of_many_who_add_at_once_one_is_first(near: NearCache) -> None:
    added: list[bool] = []

    def together(what: Callable[[], Any]) -> None:
        threads = [threading.Thread(target=what) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together(lambda: added.append(near.add("one", 1, 60)))
    assert sorted(added) == [False] * 7 + [True]


def test_the_pieces_of_pages_and_the_grids_are_kept_so() -> None:
    assert isinstance(caches["fragments"], NearCache)
    assert isinstance(caches["grids"], NearCache)
    caches["grids"].set("here", b"1", 60)
    assert caches["fragments"].get("here") is None
    caches["grids"].clear()
