"""Doing something about an object: core shows the form of any app's effect, and its owner performs it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.template import Context, Template
from django.test import Client, RequestFactory

from opsboard.core import registry
from opsboard.core.access import Viewer, person_in
from opsboard.core.contract import Contract, Effect, Outcome, Ref
from opsboard.core.models import Job, User, Workspace

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


class GreetingForm(forms.Form):
    words = forms.CharField(error_messages={"required": "Say something."})

    def __init__(self, *args: Any, viewer: Viewer, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].initial = about.name if about else ""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Ref | None]]:
    """An app that can greet; what it said."""
    heard: list[tuple[str, Ref | None]] = []

    def greet(*, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any) -> Outcome:
        words = settings["words"]
        if words == "no":
            raise ValidationError({"words": "Not this word."})
        if words == "never":
            raise ValidationError({"elsewhere": "Not at this hour."})
        heard.append((words, about))
        return Outcome(message="Greeted")

    effects = (
        Effect("costs.greet", "Greet", GreetingForm, greet, role="contributor"),
        Effect("costs.shout", "Shout", GreetingForm, greet, role="admin"),
    )
    monkeypatch.setitem(registry.contracts(), "costs", Contract("Greetings", effects=effects))
    return heard


@pytest.fixture
def thing(workspace: Workspace, now: datetime) -> Job:
    """Any object that has a name and an address."""
    job: Job = Job.objects.create(workspace=workspace, title="Import of May", task="nothing", created_at=now)
    return job


def url(key: str = "costs.greet", thing: Job | None = None) -> str:
    about = f"?about_model=core.job&about_id={thing.pk}" if thing else ""
    return f"/north-plant/do/{key}/{about}"


def test_the_form_is_a_page_of_its_own_and_begins_with_its_object(
    said: Any, anna: User, thing: Job, sign_in: SignIn
) -> None:
    page = sign_in(anna).get(url(thing=thing)).text
    assert "<h1>Greet</h1>" in page
    assert f'value="{thing}"' in page


def test_htmx_gets_only_the_form_for_the_dialog(said: Any, anna: User, thing: Job, sign_in: SignIn) -> None:
    part = sign_in(anna).get(url(thing=thing), headers=HTMX).text
    assert "<html" not in part
    assert 'hx-target="#dialog-content"' in part
    assert 'id="do_words"' in part  # the page behind the dialog may have a field of the same name


def test_a_browser_is_sent_back_to_the_object(said: Any, anna: User, thing: Job, sign_in: SignIn) -> None:
    answer = sign_in(anna).post(url(), {"words": "Hello", "about_model": "core.job", "about_id": thing.pk})
    assert (answer.status_code, answer["Location"]) == (303, thing.get_absolute_url())
    assert said == [("Hello", Ref.to(thing))]


def test_htmx_is_sent_on_without_a_page(said: Any, anna: User, thing: Job, sign_in: SignIn) -> None:
    answer = sign_in(anna).post(
        url(), {"words": "Hello", "about_model": "core.job", "about_id": thing.pk}, headers=HTMX
    )
    assert (answer.status_code, answer["HX-Redirect"]) == (204, thing.get_absolute_url())


@pytest.mark.parametrize(
    ("words", "sentence"), [("", "Say something."), ("no", "Not this word."), ("never", "Not at this hour.")]
)
def test_what_is_wrong_is_said_with_422_and_nothing_is_done(
    words: str, sentence: str, said: list[Any], anna: User, sign_in: SignIn
) -> None:
    answer = sign_in(anna).post(url(), {"words": words})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert said == []


def test_the_effects_role_decides_who_may(
    said: list[Any], anna: User, victor: User, connie: User, sign_in: SignIn
) -> None:
    assert sign_in(victor).post(url(), {"words": "Hello"}).status_code == 403
    assert sign_in(connie).post(url(), {"words": "Hello"}).status_code == 303
    assert sign_in(anna).get(url("costs.shout")).status_code == 403


def test_an_unknown_effect_and_a_closed_app_are_not_there(
    said: Any, workspace: Workspace, anna: User, sign_in: SignIn
) -> None:
    assert sign_in(anna).get(url("costs.nothing")).status_code == 404
    workspace.app_limits = {"costs": [999]}
    workspace.save()
    assert sign_in(anna).get(url()).status_code == 404


def test_an_object_that_may_not_be_seen_is_no_object(
    said: list[Any], anna: User, other_workspace: Workspace, now: datetime, sign_in: SignIn
) -> None:
    theirs = Job.objects.create(workspace=other_workspace, title="Theirs", task="nothing", created_at=now)
    sign_in(anna).post(url(), {"words": "Hello", "about_model": "core.job", "about_id": theirs.pk})
    assert said == [("Hello", None)]


def test_the_button_is_a_plain_link_that_htmx_opens_in_the_dialog(
    said: Any, anna: User, victor: User, workspace: Workspace, thing: Job
) -> None:
    def button(person: User) -> str:
        context = {"viewer": person_in(workspace, person), "workspace": workspace, "thing": thing}
        template = Template('{% do "costs.greet" thing %}')
        return template.render(Context({**context, "request": RequestFactory().get("/")}))

    assert f'href="{url(thing=thing).replace("&", "&amp;")}"' in button(anna)
    assert 'hx-target="#dialog-content"' in button(anna)
    assert button(victor).strip() == ""


def test_each_margin_is_fetched_from_its_owner(anna: User, thing: Job, sign_in: SignIn) -> None:
    part = sign_in(anna).get(f"/north-plant/margins/?about_model=core.job&about_id={thing.pk}").text
    for label, contract in registry.contracts().items():
        if contract.margin:
            assert f'hx-get="/north-plant/{label}/margin/?about_model=core.job&amp;about_id={thing.pk}"' in part
    assert 'hx-trigger="load"' in part


@pytest.mark.parametrize("pk", ["²", "99999999999999999999", "-1", "x"])
def test_an_address_with_an_odd_id_names_no_object(pk: str, said: Any, anna: User, sign_in: SignIn) -> None:
    assert sign_in(anna).get(url(), {"about_model": "core.job", "about_id": pk}).status_code == 200


@pytest.mark.parametrize("number", ["9" * 5000, "²", "１２", "-1", "0", "x", str(2**63), "\x00"])
@pytest.mark.parametrize("address", ["do/work.open_action/", "work/margin/", "alerts/margin/", "margins/"])
def test_an_odd_id_in_an_address_is_nobodys(
    workspace: Workspace, anna: User, sign_in: Callable[[User], Client], number: str, address: str
) -> None:
    asked = {"about_model": "metrics.metric", "about_id": number}
    assert sign_in(anna).get(f"/north-plant/{address}", asked).status_code == 200
