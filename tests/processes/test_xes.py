"""XES files as event logs: what tools write exactly, what is broken never with a crash, and nothing hostile resolved."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from django.utils import translation

from opsboard.core.uploads import UploadError
from processes.analysis import facts, logs
from processes.analysis.xes import read_xes
from tests.processes.test_logs import HERE, differences

LIMIT = 50_000_000


def event(name: str, at: str, more: str = "") -> str:
    return f'<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="{at}"/>{more}</event>'


def log_of(*traces: str, head: str = "") -> bytes:
    inner = "".join(
        f'<trace><string key="concept:name" value="{place}"/>{trace}</trace>' for place, trace in enumerate(traces, 1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<log>{inner}</log>'.encode()


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "careful"])
@pytest.mark.parametrize("name", ["running-example.xes", "receipt.xes.gz"])
def test_a_xes_file_has_the_facts_that_other_tools_computed(shared: Path, name: str, quick: bool) -> None:
    read = read_xes(shared / HERE / name, max_bytes=LIMIT, quick=quick)
    log = logs.log_from(read.frame, read.rows)
    truth = json.loads((shared / HERE / f"{name.partition('.')[0]}.truth.json").read_text())["all_events"]
    assert not differences(facts.facts_of(log.steps, log.events), truth)
    assert (read.outside, read.untimed, log.trouble) == (0, 0, ())


def test_a_broken_xes_file_is_a_log_or_one_sentence_in_the_readers_language(shared: Path) -> None:
    files = sorted((shared / HERE / "malformed-xes").iterdir())
    assert len(files) == 71
    for path in [*files, shared / HERE / "partial-order-example.xes"]:
        for quick in (True, False):
            with pytest.raises(UploadError) as fault:  # none of them has an event with a time
                read_xes(path, max_bytes=LIMIT, quick=quick)
            english = str(fault.value)
            assert english.endswith(".")
            assert "%(" not in english
            with translation.override("zh-hans"):
                assert str(fault.value) != english
                assert "%(" not in str(fault.value)


def test_both_readers_find_the_same_in_what_tools_write() -> None:
    more = '<float key="cost" value="12.5"/><string key="who &amp; what" value="&lt;b&gt;"/>'
    content = log_of(
        event("a", "2026-01-05T09:00:00.250+01:00", more) + event("b", "2026-01-05T10:00:00Z"),
        event("a", "2026-01-06T09:00:00"),
    )
    quick, careful = (read_xes(content, max_bytes=LIMIT, quick=quick) for quick in (True, False))
    assert quick.frame.select(sorted(quick.frame.columns)).equals(careful.frame.select(sorted(careful.frame.columns)))
    assert quick.frame["event:cost"].to_list() == [12.5, None, None]
    assert [str(at) for at in quick.frame["end"]] == [
        "2026-01-05 08:00:00.250000+00:00", "2026-01-05 10:00:00+00:00", "2026-01-06 09:00:00+00:00"
    ]  # fmt: skip
    # What the quick reader doesn't take, the careful one does: it is not asked for less.
    nested = log_of(event("a", "2026-01-05T09:00:00Z", '<string key="x" value="1"><int key="y" value="2"/></string>'))
    spaced = log_of("<event ><string key = 'concept:name' value = 'a' /><date key='time:timestamp' value='2026-01-05'/></event>")  # fmt: skip
    prefixed = b'<x:log xmlns:x="u"><x:trace><x:event><x:string key="concept:name" value="a"/><x:date key="time:timestamp" value="2026-01-05"/></x:event></x:trace></x:log>'  # fmt: skip
    for content in (nested, spaced, prefixed, b"\xef\xbb\xbf" + nested, nested.decode().replace("UTF-8", "UTF-16").encode("utf-16")):  # fmt: skip
        read = read_xes(content, max_bytes=LIMIT)
        assert (read.frame["activity"].to_list(), read.frame["case"].to_list()) == (["a"], ["1"])


def test_what_is_hostile_or_cut_off_is_refused_with_a_reason() -> None:
    one = log_of(event("a", "2026-01-05T09:00:00Z"))
    entities = log_of(
        event("&x;", "2026-01-05T09:00:00Z"), head='<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    )
    laughs = log_of(event("&b;", "2026-01-05T09:00:00Z"), head='<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>')
    deep = b"<log>" + b'<list key="x">' * 500 + b"</list>" * 500 + b"</log>"
    cases = {
        "entities": (entities, laughs), "This is not XML": (one[:-20], b"plain text", b"<log><trace></log>"),
        "nested more than": (deep,), "The file is larger": (gzip.compress(b"<log>" + b" " * 3_000_000),),
        "damaged": (gzip.compress(one)[:-30], b"\x1f\x8bnothing"), "The file is empty": (b"", b"  \n"),
        "no <log> element": (b"<html></html>",), "no traces": (b"<log/>",), "no event": (log_of(""),),
        "has a time": (log_of(event("a", "yesterday")),),
        "has a name": (log_of('<event><date key="time:timestamp" value="2026-01-05"/></event>'),),
    }  # fmt: skip
    for words, contents in cases.items():
        for content in contents:
            with pytest.raises(UploadError, match=words):
                read_xes(content, max_bytes=1_000_000)


def test_transitions_make_steps_and_keep_every_event_for_the_other_views() -> None:
    def moved(name: str, way: str, hour: int) -> str:
        at = f"2026-01-05T{hour:02}:00:00Z"
        return event(name, at, f'<string key="lifecycle:transition" value="{way}"/>')

    content = log_of(
        moved("a", "SCHEDULE", 8) + moved("a", "START", 9) + moved("a", "COMPLETE", 11) + moved("b", "COMPLETE", 12),
        moved("a", "START", 9) + moved("a", "START", 10) + moved("a", "COMPLETE", 11) + moved("c", "START", 13),
    )
    read = read_xes(content, max_bytes=LIMIT)
    log = logs.log_from(read.frame, read.rows)
    assert log.events is not None
    assert (log.steps.height, log.events.height, log.unfinished) == (3, 8, 2)
    assert log.steps["service"].to_list() == [7200.0, None, 7200.0]
    told = {view: facts.facts_of(log.steps, log.events, view=view) for view in facts.VIEWS if view != "interval_view"}
    assert [told[view]["events"] for view in ("all_events", "complete_events_only", "steps")] == [8, 3, 3]
    assert told["name_plus_transition"]["activity_counts"] == {
        "a+START": 3, "a+COMPLETE": 2, "a+SCHEDULE": 1, "b+COMPLETE": 1, "c+START": 1
    }  # fmt: skip
    assert told["all_events"]["case_duration"]["max"] == 4 * 3600
    assert told["complete_events_only"]["case_duration"]["max"] == 3600
