"""The pages and operations about channels: set up, try, look after; and no secret ever comes out again."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from opsboard.core import channels
from opsboard.core.channels.sealing import settings_of
from opsboard.core.models import Channel, Delivery, Membership, Role, User, Workspace
from opsboard.core.services import issue_token
from tests.channels.conftest import Make, a_card, send_all
from tests.channels.services import Service

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
TOKEN, SECRET = "4f9c1d7e-secret-of-the-robot", "SEC-very-hidden-words"
HERE = "/north-plant/channels/"


def typed(service: Service, **more: Any) -> dict[str, Any]:
    url = service.url(f"/robot/send?access_token={TOKEN}")
    return {"name": "Warehouse group", "url": url, "secret": SECRET, "language": "zh-hans", **more}


def test_from_nothing_to_a_test_that_says_what_to_do(
    adam: User, sign_in: SignIn, service: Service, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "opsboard")
    client = sign_in(adam)
    assert b"No channels yet" in client.get(HERE).content
    assert b"DingTalk robot" in client.get(f"{HERE}new/").content
    assert client.post(f"{HERE}new/?kind=dingtalk", typed(service)).status_code == 303
    row = Channel.objects.get()
    page = f"{HERE}{row.pk}/"
    service.answers = [(200, {"errcode": 310000, "errmsg": "keywords not in content"})]
    client.post(f"{page}test/")
    said = client.get(page).content.decode()
    assert "errcode 310000: keywords not in content" in said
    assert "Add the keyword “Opsboard”" in said
    client.post(f"{page}test/")
    assert "来自 Opsboard 的测试消息" in service.calls[-1].raw.decode()  # in the channel's language
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "sent"]
    shown = "".join(client.get(url).content.decode() for url in (page, HERE, f"{page}edit/", "/north-plant/audit/"))
    export = b"".join(client.get(f"{HERE}?export=csv").streaming_content).decode()  # type: ignore[attr-defined]
    for place in (shown, export, row.sealed, caplog.text):
        assert TOKEN not in place
        assert SECRET not in place
    assert TOKEN[-4:] in shown
    assert "Warehouse group" in export


def test_an_empty_secret_stays_and_a_ticked_box_takes_it_away(
    adam: User, sign_in: SignIn, service: Service, workspace: Workspace
) -> None:
    client = sign_in(adam)
    client.post(f"{HERE}new/?kind=dingtalk", typed(service))
    row = Channel.objects.get()
    form = typed(service, url="", secret="", version=row.version, name="Night group")
    assert client.post(f"{HERE}{row.pk}/edit/", form).status_code == 303
    row.refresh_from_db()
    assert (row.name, settings_of(row)["secret"]) == ("Night group", SECRET)
    assert client.post(f"{HERE}{row.pk}/edit/", form).status_code == 422  # somebody else was faster
    client.post(f"{HERE}{row.pk}/edit/", form | {"no_secret": "on", "version": row.version})
    row.refresh_from_db()
    assert "secret" not in settings_of(row)


@pytest.mark.parametrize(
    ("kind", "form", "sentence"),
    [
        ("webhook", {"url": "http://169.254.169.254/latest/meta-data/"}, "leads into a private network"),
        ("webhook", {"url": "http://localhost:6379/"}, "leads into a private network"),
        ("slack", {"url": "http://[::ffff:10.0.0.1]/"}, "leads into a private network"),
        ("webhook", {"url": "ftp://files.example/"}, "is not an address that begins with"),
        ("slack", {"url": ""}, "This field is required"),
        ("slack", {"url": "https://oapi.dingtalk.com/robot/send?access_token=x"}, "DingTalk robot"),
        ("apprise", {"url": "json://10.0.0.1/"}, "leads into a private network"),
        ("apprise", {"url": "syslog://"}, "is not available here"),
        ("apprise", {"url": "just words"}, "begins with the service"),
        ("email", {"addresses": "boss@north.example, nobody"}, "is not an e-mail address"),
        ("in_app", {}, "at least one person or team"),
        ("webhook", {"url": "https://a.example/", "name": " "}, "This field is required"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_a_sentence(
    kind: str, form: dict[str, str], sentence: str, adam: User, sign_in: SignIn, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = []
    answer = sign_in(adam).post(f"{HERE}new/?kind={kind}", {"name": "X", "language": "en", **form})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Channel.objects.exists()


def test_the_page_lists_messages_and_a_person_sends_again(
    channel: Make, adam: User, sign_in: SignIn, service: Service, workspace: Workspace, now: datetime,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    row, client = channel("wecom", name="Group"), sign_in(adam)
    service.answers = [(200, {"errcode": 93000, "errmsg": "invalid webhook url"}), lambda call: None]
    for n in range(12):
        channels.send(row, a_card(title=f"Alert {n}"), workspace=workspace, unique_as=f"a:{n}", now=now)
        send_all(now)
    with django_assert_max_num_queries(20):
        shown = client.get(f"{HERE}{row.pk}/").content.decode()
    assert "errcode 93000" in shown
    assert "does not know this address any more" in shown
    only = client.get(f"{HERE}{row.pk}/?state=unknown").content.decode()
    assert ("Alert 1" in only, "Alert 5" in only) == (True, False)
    for letter in Delivery.objects.filter(state__in=["failed", "unknown"]):
        assert client.post(f"{HERE}{row.pk}/messages/{letter.pk}/again/").status_code == 303
        assert client.post(f"{HERE}{row.pk}/messages/{letter.pk}/again/").status_code == 422
    export = b"".join(client.get(f"{HERE}{row.pk}/?export=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert export.count("Alert ") == 12
    with django_assert_max_num_queries(16):
        client.get(HERE)
    client.post(f"{HERE}{row.pk}/switch/", {"active": "no"})
    assert b"Switched off" in client.get(HERE).content
    client.post(f"{HERE}{row.pk}/remove/")
    assert client.get(f"{HERE}{row.pk}/").status_code == 404


def test_somebodys_own_channel_is_nobody_elses(
    victor: User, adam: User, sign_in: SignIn, service: Service, workspace: Workspace
) -> None:
    client = sign_in(victor)
    form = {"name": "My phone", "url": service.url("/bark").replace("http://", "json://"), "severities": ["critical"]}
    assert client.post("/north-plant/my-channels/new/?kind=apprise", form).status_code == 303
    row = Channel.objects.get()
    assert (row.person, row.severities) == (victor, ["critical"])
    assert b"My phone" in client.get("/north-plant/my-channels/").content
    assert client.get(f"/north-plant/my-channels/{row.pk}/").status_code == 200
    client.post(f"/north-plant/my-channels/{row.pk}/test/")
    assert len(service.calls) == 1
    assert b"kind-card" in client.get("/north-plant/my-channels/new/?kind=email").content  # mail goes to the account
    for address in (f"/north-plant/my-channels/{row.pk}/", f"{HERE}{row.pk}/"):
        assert sign_in(adam).get(address).status_code == 404
    assert b"My phone" not in sign_in(adam).get(HERE).content
    assert client.post("/me/", {
        "name": "Victor", "language": "en", "timezone": "UTC", "theme": "system", "mail_notices": "on",
        "mail_severities": ["critical", "warning"],
    }).status_code == 303  # fmt: skip
    victor.refresh_from_db()
    assert victor.mail_severities == ["warning", "critical"]


def test_programs_make_and_try_channels_and_get_no_secret_back(
    adam: User, anna: User, service: Service, workspace: Workspace, other_workspace: Workspace
) -> None:
    def client(user: User, role: Role) -> Callable[..., Any]:
        _row, secret = issue_token(
            workspace=workspace, owner=user, role=role, name="x", now=datetime.now().astimezone()
        )

        def ask(method: str, address: str, body: Any = None) -> Any:
            return Client().generic(
                method, f"/api/v1/north-plant/{address}", json.dumps(body or {}), content_type="application/json",
                headers={"Authorization": f"Bearer {secret}"},
            )  # fmt: skip

        return ask

    admin = client(adam, Role.ADMIN)
    wish = {"name": "Hook", "kind": "webhook", "url": service.url(f"/hook/{TOKEN}"), "secret": SECRET}
    made = admin("POST", "channels", wish)
    assert made.status_code == 201
    tried = admin("POST", f"channels/{made.json()['id']}/test").json()
    assert tried == {"state": "sent", "answer": "", "advice": ""}
    service.usual = (410, "gone")
    assert "webhook address" in admin("POST", f"channels/{made.json()['id']}/test").json()["advice"]
    seen = admin("GET", "channels").content + admin("GET", f"channels/{made.json()['id']}").content + made.content
    assert TOKEN.encode() not in seen
    assert SECRET.encode() not in seen
    refused = admin("POST", "channels", {**wish, "name": "Other", "url": "http://10.0.0.1/"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")
    Membership.objects.filter(user=anna).update(role=Role.EDITOR)
    assert client(anna, Role.EDITOR)("GET", "channels").status_code == 403
    foreign = Channel.objects.create(
        workspace=other_workspace, kind="slack", name="Theirs", created_at=datetime.now().astimezone()
    )
    assert admin("POST", f"channels/{foreign.pk}/test").status_code == 404
