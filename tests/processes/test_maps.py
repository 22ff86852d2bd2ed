"""The real map: drawn and measured in one, narrowed by anything, and every case behind it within reach."""

from collections.abc import Callable
from html import unescape

import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from opsboard.core.models import User
from processes.analysis import logs
from processes.models import EventLog, Process

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_the_map_shows_steps_arcs_and_how_many_cases(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    text = sign_in(anna).get(fulfilment.get_absolute_url()).content.decode()
    assert text.count('class="map-box') == 5
    assert "Ship &lt;now&gt;" in text
    assert "<now>" not in text
    assert "5 of 5 steps; 100% of the cases" in " ".join(text.split())
    assert "Where it waits" in text


def test_a_look_is_narrowed_by_its_address_and_says_so(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    client, url = sign_in(anna), fulfilment.get_absolute_url()
    cancelled = client.get(url, {"touched": "Cancel"}).content.decode()
    assert "Passing the step: Cancel" in cancelled
    assert 'class="map-box' in cancelled
    assert "Pack</text>" not in cancelled
    assert "Ship" not in cancelled.partition("map-scroll")[2].partition("</svg>")[0]
    long = client.get(f"{url}cases/", {"before": "Confirm stock", "after": "Confirm stock"}).content.decode()
    assert "1–4 of 4" in long
    none = client.get(url, {"since": "2031-01-01"}).content.decode()
    assert "No case fits" in none
    for nonsense in (
        {"detail": "x"},
        {"since": "yesterday"},
        {"path": "zz"},
        {"touched": "Nowhere"},
        {"show": "all"},
        {"longer": "-1"},
    ):
        assert client.get(url, nonsense).status_code == 200


def test_less_detail_says_what_it_leaves_out(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    text = sign_in(anna).get(fulfilment.get_absolute_url(), {"detail": "4"}).content.decode()
    assert text.count('class="map-box') == 4
    assert "4 of 5 steps; 75% of the cases" in " ".join(text.split())


def test_times_stand_on_the_arcs_where_they_are_asked_for(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    text = sign_in(anna).get(fulfilment.get_absolute_url(), {"show": "median"}).content.decode()
    assert ">5h<" in text  # from a registration's end to the end of the confirmation
    assert "map-amber-" in text


def test_a_case_is_read_step_by_step(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    client, url = sign_in(anna), fulfilment.get_absolute_url()
    listed = client.get(f"{url}cases/").content.decode()
    assert "1–40 of 40" in listed
    assert f'href="/north-plant/processes/{fulfilment.pk}/case/?case=O-0"' in listed
    case = " ".join(unescape(client.get(f"{url}case/?case=O-0").content.decode()).split())
    assert case.count("Confirm stock") == 2
    assert "4 hr" in case
    assert client.get(f"{url}case/?case=O-99").status_code == 404
    assert client.get(f"{url}cases/?at=20&order=started").status_code == 200


def test_bottlenecks_are_sentences_with_causes(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    text = " ".join(sign_in(anna).get(f"{fulfilment.get_absolute_url()}bottlenecks/").content.decode().split())
    assert "Before “Confirm stock” a case waits 3 hr 43 min on average" in text
    assert "In working hours it mostly waits for something outside" in text
    assert "Ann works 25% of the hours on duty." in text
    assert "“Confirm stock” is done again in 4 of 40 cases, 4 times." in text


def test_a_look_is_drawn_once(
    fulfilment: Process, anna: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, url, read = sign_in(anna), fulfilment.get_absolute_url(), []
    known = logs.read

    def counted(*given: object, **more: object) -> pl.DataFrame:
        read.append(given)
        return known(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("processes.analysis.read", counted)
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        client.get(url)
    once = len(read)
    assert len(seen) <= 8
    EventLog.objects.update(revision=2)
    client.get(url)
    assert len(read) == 2 * once > 0
