"""Every app's contract, read in an empty and in the furnished workspace, as a viewer and as an admin."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.http import HttpRequest
from django.template import engines
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import translation

from opsboard.celery import app as celery
from opsboard.core import access, registry
from opsboard.core.access import Viewer, person_in
from opsboard.core.accounts import SignIn
from opsboard.core.contract import Ref
from opsboard.core.models import Role
from opsboard.core.periods import Period, week_of
from tests.house.conftest import Furnished, rows_of

WORDS = ("indicators", "events", "effects", "findings", "sections", "reactions", "datasets", "things", "starters")
LABELS = sorted(registry.contracts())


def viewers(house: Furnished) -> list[Viewer]:
    found = [
        person_in(house.empty, house.people["stranger"]),
        person_in(house.workspace, house.people["admin"]),
        person_in(house.workspace, house.people["viewer"]),
        access.the_house(house.workspace),
    ]
    return [one for one in found if one is not None]


def this_week(viewer: Viewer, house: Furnished) -> Period:
    return week_of(house.now.astimezone(viewer.workspace.zone).date(), viewer.workspace.zone)


def queries_of(call: Any) -> int:
    with CaptureQueriesContext(connection) as asked:
        call()
    return len(asked)


@pytest.mark.parametrize("label", LABELS)
def test_keys_begin_with_the_name_of_their_app_and_differ(label: str) -> None:
    contract = registry.contracts()[label]
    for word in WORDS:
        keys = [one.key for one in getattr(contract, word)]
        assert len(keys) == len(set(keys)), word
        assert [key for key in keys if not key.startswith(f"{label}.")] == [], word


@pytest.mark.parametrize("label", LABELS)
def test_everything_has_a_title_in_both_languages(label: str) -> None:
    contract = registry.contracts()[label]
    titled = [contract, *(one for word in WORDS for one in getattr(contract, word) if hasattr(one, "title"))]
    for one in titled:
        with translation.override("en"):
            english = str(one.title)
        with translation.override("zh-hans"):
            chinese = str(one.title)
        assert english
        assert chinese
        if english not in ("Opsboard",):
            assert not chinese.isascii(), f"{english} has no Chinese"


@pytest.mark.parametrize("label", LABELS)
def test_home_margin_and_schedule_lead_somewhere(label: str, house: Furnished) -> None:
    contract = registry.contracts()[label]
    if contract.home:
        assert reverse(contract.home.address, kwargs={"workspace": "house"})
    if contract.margin:
        assert reverse(contract.margin, kwargs={"workspace": "house"})
    celery.loader.import_default_modules()
    assert [every.task for every in contract.schedule if every.task not in celery.tasks] == []


def test_reactions_hear_events_that_exist() -> None:
    known = {event.key for event in registry.events()} | {"*"}
    # An app may listen to another that is not installed; but not to an app that is here and says no such thing.
    deaf = [
        (reaction.key, reaction.event)
        for reaction in registry.reactions()
        if reaction.event not in known and reaction.event.partition(".")[0] in registry.contracts()
    ]
    assert deaf == []


# --- indicators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [one.key for one in registry.indicators()])
def test_an_indicator_answers_what_its_catalogue_offers(key: str, house: Furnished) -> None:
    (indicator,) = (one for one in registry.indicators() if one.key == key)
    for viewer in viewers(house):
        entries = list(indicator.catalogue(viewer))
        keys = [entry.key for entry in entries]
        assert len(keys) == len(set(keys))
        for entry in entries:
            assert entry.key == key or entry.key.startswith(f"{key}:")
            assert str(entry.title)
            if entry.url:
                resolve(entry.url.partition("?")[0])
        readings = list(indicator.read(viewer, keys, house.now))
        assert {one.key for one in readings} <= set(keys)
        assert len({(one.key, tuple(sorted(one.labels.items()))) for one in readings}) == len(readings)
        past = registry.history(viewer, keys, this_week(viewer, house))
        assert set(past) <= set(keys)
        for series in past.values():
            moments = [one.at for one in series if one.at and not one.labels]
            assert moments == sorted(moments)


@pytest.mark.parametrize("key", [one.key for one in registry.indicators()])
def test_reading_many_keys_needs_no_more_queries_than_one(key: str, house: Furnished) -> None:
    (indicator,) = (one for one in registry.indicators() if one.key == key)
    viewer = access.the_house(house.workspace)
    keys = [entry.key for entry in indicator.catalogue(viewer)]
    indicator.read(viewer, keys, house.now)  # content types and the like are remembered
    one, many = (
        queries_of(lambda asked=asked: list(indicator.read(viewer, asked, house.now))) for asked in (keys[:1], keys)
    )
    assert many <= one + 1


@pytest.mark.parametrize("key", [one.key for one in registry.indicators()])
def test_an_indicator_tells_another_company_nothing(key: str, house: Furnished) -> None:
    (indicator,) = (one for one in registry.indicators() if one.key == key)
    ours = [entry.key for entry in indicator.catalogue(access.the_house(house.workspace)) if ":" in entry.key]
    theirs = access.the_house(house.empty)
    assert [one for one in indicator.read(theirs, ours, house.now) if one.value is not None] == []
    assert [entry.key for entry in indicator.catalogue(theirs) if entry.key in ours] == []


# --- what is told -----------------------------------------------------------------------------------------------------


def request_of(viewer: Viewer, path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = SignIn().get_user(viewer.user.pk if viewer.user else 0)  # type: ignore[assignment]
    request.workspace, request.viewer = viewer.workspace, viewer  # type: ignore[attr-defined]
    request.resolver_match = resolve(path)
    return request


@pytest.mark.parametrize("medium", ["screen", "print"])
@pytest.mark.parametrize("key", [one.key for one in registry.sections()])
def test_a_section_is_told_on_screen_and_paper(key: str, medium: str, house: Furnished) -> None:
    (section,) = (one for one in registry.sections() if one.key == key)
    for viewer in viewers(house):
        if viewer.user is None:
            continue
        for language in ("en", "zh-hans"):
            with translation.override(language):
                told = section.tell(viewer, this_week(viewer, house))
                if told is None:
                    continue
                context = {
                    **told, "medium": medium, "section": section, "workspace": viewer.workspace, "viewer": viewer,
                    "period": this_week(viewer, house),
                }  # fmt: skip
                request = request_of(viewer, f"/{viewer.workspace.slug}/")
                text = engines["django"].get_template(section.template).render(context, request)
            assert text.strip()
            if medium == "print":
                assert "hx-" not in text
                assert "<form" not in text
                assert "<button" not in text


@pytest.mark.parametrize("key", [one.key for one in registry.findings()])
def test_a_finding_has_words_and_leads_somewhere(key: str, house: Furnished) -> None:
    (finding,) = (one for one in registry.findings() if one.key == key)
    for viewer in viewers(house):
        for found in finding.find(viewer, this_week(viewer, house)):
            assert found.key.startswith(key.partition(".")[0])
            assert str(found.title)
            assert found.severity in ("info", "warning", "critical")
            if found.url:
                resolve(found.url.partition("?")[0])
            if found.indicator:
                registry.indicator_of(found.indicator)


# --- what is found, read and done -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [one.key for one in registry.things()])
def test_a_thing_is_named_in_bulk(key: str, house: Furnished) -> None:
    (thing,) = (one for one in registry.things() if one.key == key)
    apps.get_model(thing.model)
    assert list(thing.rows(house.empty, None)) == []
    named = list(thing.rows(house.workspace, None))
    for one in named:
        assert one.name
        resolve(one.url.partition("?")[0])
    pks = [one.pk for one in named]
    assert [one.pk for one in thing.rows(house.workspace, pks[:1])] == pks[:1]
    assert list(thing.rows(house.empty, pks)) == []
    few, many = (queries_of(lambda asked=asked: list(thing.rows(house.workspace, asked))) for asked in (pks[:1], pks))
    assert many <= few + 1


@pytest.mark.parametrize("key", [one.key for one in registry.datasets()])
def test_a_dataset_gives_rows_as_wide_as_its_columns(key: str, house: Furnished) -> None:
    (dataset,) = (one for one in registry.datasets() if one.key == key)
    for viewer in viewers(house):
        for rows in dataset.datasets(viewer):
            assert rows.key.startswith(key.partition(".")[0])
            names = [column.name for column in rows.columns]
            for row in _first(dataset.rows(viewer, rows.key, names, {}), 20):
                assert len(row) == len(names)
            narrow = names[:1]
            assert all(len(row) == 1 for row in _first(dataset.rows(viewer, rows.key, narrow, {}), 20))


def _first(rows: Iterable[Any], count: int) -> list[Any]:
    return [row for row, _number in zip(rows, range(count), strict=False)]


@pytest.mark.parametrize("key", [one.key for one in registry.effects()])
def test_an_effect_asks_its_settings_with_a_form(key: str, house: Furnished) -> None:
    effect = registry.effect(key)
    viewer = person_in(house.workspace, house.people["admin"])
    assert viewer is not None
    for about in (None, any_object(house)):
        assert str(effect.form(viewer=viewer, about=about).as_p())
        bound = effect.form({}, viewer=viewer, about=about)
        bound.is_valid()
    assert effect.role.upper() in Role.__members__


def any_object(house: Furnished) -> Ref | None:
    for thing in registry.things():
        row = rows_of(apps.get_model(thing.model), house.workspace).first()
        if row is not None:
            return Ref.to(row)
    return None


@pytest.mark.parametrize("key", [one.key for one in registry.effects()])
def test_an_effect_is_offered_on_a_page(key: str, house: Furnished) -> None:
    address = reverse("core:do", kwargs={"workspace": "house", "key": key})
    assert house.client("admin").get(address).status_code == 200
    assert house.client("stranger").get(address).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("label", [label for label, one in registry.contracts().items() if one.margin])
def test_a_margin_stands_beside_any_object(label: str, house: Furnished) -> None:
    address = reverse(registry.contracts()[label].margin, kwargs={"workspace": "house"})
    client = house.client("viewer")
    assert client.get(address).status_code < 500
    about = any_object(house)
    if about is not None:
        answer = client.get(address, {"about_model": about.model, "about_id": str(about.pk)})
        assert answer.status_code in (200, 204)
        assert b"<html" not in answer.content


# --- limits -----------------------------------------------------------------------------------------------------------


def test_whoever_may_not_enter_an_app_hears_nothing_of_it(house: Furnished) -> None:
    viewer = person_in(house.workspace, house.people["viewer"])
    assert viewer is not None
    shut_out = replace(viewer, closed_apps=frozenset(registry.rooms()))
    rooms = set(registry.rooms())
    for told in (registry.indicators, registry.sections, registry.findings, registry.effects, registry.datasets):
        assert {one.key.partition(".")[0] for one in told(shut_out)} & rooms == set()
    assert registry.margins(shut_out) == []
    assert [apps_of_part for _part, apps_of_part in registry.navigation(shut_out) if apps_of_part] == []


def test_an_app_kept_to_a_team_is_closed_to_the_others(house: Furnished) -> None:
    label, contract = next((label, one) for label, one in registry.contracts().items() if one.home)
    team = house.workspace.teams.first()
    assert team is not None
    type(house.workspace).objects.filter(pk=house.workspace.pk).update(app_limits={label: [team.pk]})
    assert contract.home is not None
    address = reverse(contract.home.address, kwargs={"workspace": "house"})
    assert house.client("viewer").get(address).status_code == 404
    assert house.client("admin").get(address).status_code == 200
    team.members.add(house.people["viewer"])
    assert house.client("viewer").get(address).status_code == 200
