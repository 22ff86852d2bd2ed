from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from opsboard.core import links

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_link_gives_back_what_it_was_made_of() -> None:
    token = links.make("invitation", expires_at=NOW + timedelta(days=7), invitation=5, role="editor", name="张伟")
    assert links.read(token, "invitation", now=NOW) == {"invitation": 5, "role": "editor", "name": "张伟"}


def test_a_link_ends() -> None:
    token = links.make("survey", expires_at=NOW, survey=1)
    assert links.read(token, "survey", now=NOW - timedelta(seconds=1)) == {"survey": 1}
    with pytest.raises(links.LinkExpired) as expired:
        links.read(token, "survey", now=NOW)
    assert expired.value.expired_at == NOW


def test_a_link_without_an_end_holds() -> None:
    token = links.make("unsubscribe", expires_at=None, person=3)
    assert links.read(token, "unsubscribe", now=NOW + timedelta(days=36500)) == {"person": 3}


def test_a_link_opens_only_what_it_was_made_for() -> None:
    token = links.make("unsubscribe", expires_at=None, person=3)
    with pytest.raises(links.LinkBroken):
        links.read(token, "invitation", now=NOW)


@pytest.mark.parametrize("token", ["", "x", "a:b", "eyJ9:zz", "é:ü", ":" * 50])
def test_a_made_up_link_is_broken(token: str) -> None:
    with pytest.raises(links.LinkBroken):
        links.read(token, "invitation", now=NOW)


def test_a_changed_link_is_broken() -> None:
    token = links.make("invitation", expires_at=None, invitation=5)
    with pytest.raises(links.LinkBroken):
        links.read(token[:-1] + ("a" if token[-1] != "a" else "b"), "invitation", now=NOW)


def test_a_link_survives_a_new_secret_key_that_names_the_old_one() -> None:
    with override_settings(SECRET_KEY="the old key, long enough to be one"):
        token = links.make("invitation", expires_at=None, invitation=5)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["the old key, long enough to be one"]):
        assert links.read(token, "invitation", now=NOW) == {"invitation": 5}
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]), pytest.raises(links.LinkBroken):
        links.read(token, "invitation", now=NOW)
