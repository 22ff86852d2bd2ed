"""Signing in: what lets people in, what slows guessing down, and what cannot lock anybody out."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import identify_hasher
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from opsboard.core.accounts import INVITED, SocialAccountAdapter
from opsboard.core.models import ApiToken, Membership, Role, User, Workspace
from opsboard.core.services import invitations
from opsboard.core.services.people import create_admin
from tests.conftest import PASSWORD, person

pytestmark = pytest.mark.django_db


def try_to_sign_in(client: Client, login: str, password: str, address: str = "192.0.2.1") -> bool:
    answer = client.post("/accounts/login/", {"login": login, "password": password}, REMOTE_ADDR=address)
    return answer.status_code == 302


def test_people_sign_in_by_e_mail_or_user_name_in_any_case(victor: User) -> None:
    User.objects.filter(pk=victor.pk).update(username="victor.h")
    for login in ("victor@north.example", "VICTOR@north.example", "victor.h", "Victor.H"):
        assert try_to_sign_in(Client(), login, PASSWORD), login
    assert not try_to_sign_in(Client(), "victor.h", PASSWORD + "x")


def test_passwords_are_kept_by_argon2(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert identify_hasher(person("Ari").password).algorithm == "argon2"


@pytest.mark.parametrize("provider", ["wecom", "dingtalk", "feishu"])
@pytest.mark.parametrize("step", ["", "callback/?code=x&state=y"])
def test_a_provider_that_is_not_used_has_no_address(db: None, provider: str, step: str) -> None:
    client = Client(raise_request_exception=False)
    assert client.get(f"/accounts/{provider}/login/{step}").status_code == 404


def test_nobody_signs_up_by_themselves(db: None) -> None:
    form = {"email": "eve@x.example", "username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_guesses_from_one_address_stop_but_the_owner_gets_in(anna: User) -> None:
    attacker = Client()
    for _ in range(5):
        assert not try_to_sign_in(attacker, anna.email or "", "guess", "198.51.100.9")
    assert not try_to_sign_in(attacker, anna.email or "", PASSWORD, "198.51.100.9"), "the attacker has to wait"
    assert try_to_sign_in(Client(), anna.email or "", PASSWORD, "192.0.2.1"), "Anna, at her own address"


@pytest.fixture
def few(settings: Any) -> None:
    """The same limits with smaller numbers, so that tests are quick."""
    settings.ACCOUNT_RATE_LIMITS = {
        **settings.ACCOUNT_RATE_LIMITS,
        "login_failed": "8/m/ip,5/5m/key",
        "login_failed_from_unknown_addresses": "6/h/key",
        "join": "3/m/ip",
    }


def test_a_known_device_gets_in_even_beside_the_attacker(few: None, anna: User) -> None:
    mine = Client()
    assert try_to_sign_in(mine, anna.email or "", PASSWORD, "198.51.100.9")
    mine.post("/accounts/logout/")
    attacker = Client()
    for number in range(9):
        try_to_sign_in(attacker, (anna.email or "") if number < 5 else f"x{number}", "guess", "198.51.100.9")
    assert not try_to_sign_in(Client(), anna.email or "", PASSWORD, "198.51.100.9"), (
        "an unknown device there has to wait"
    )
    assert try_to_sign_in(mine, anna.email or "", PASSWORD, "198.51.100.9"), "the same office, her own device"


def test_guesses_from_many_addresses_stop_but_known_addresses_get_in(few: None, anna: User) -> None:
    assert try_to_sign_in(Client(), anna.email or "", PASSWORD, "192.0.2.1")
    assert UserSession.objects.filter(user=anna, ip="192.0.2.1").exists()
    for number in range(7):
        try_to_sign_in(Client(), anna.email or "", "guess", f"203.0.113.{number}")
    assert not try_to_sign_in(Client(), anna.email or "", PASSWORD, "203.0.113.200"), "unknown addresses have to wait"
    assert try_to_sign_in(Client(), anna.email or "", PASSWORD, "192.0.2.1"), "where she signed in before"


def test_being_seen_is_noted_once_a_minute_and_for_each_place(anna: User) -> None:
    anna_there = Client(REMOTE_ADDR="192.0.2.7")
    anna_there.force_login(anna)
    anna_there.get("/me/")
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    anna_there.get("/me/")
    assert timezone.now() - UserSession.objects.get().last_seen_at > timedelta(minutes=50)
    anna_there.get("/me/", REMOTE_ADDR="192.0.2.8")
    seen = UserSession.objects.get()
    assert seen.ip == "192.0.2.8"
    assert timezone.now() - seen.last_seen_at < timedelta(minutes=1)


def test_a_forged_device_cookie_is_worth_nothing(anna: User) -> None:
    attacker = Client()
    attacker.cookies["opsboard_device"] = f"mine:{anna.pk}:forged"
    for _ in range(5):
        try_to_sign_in(attacker, anna.email or "", "guess", "198.51.100.9")
    assert not try_to_sign_in(attacker, anna.email or "", PASSWORD, "198.51.100.9")


def test_joining_is_slowed_down_with_a_page_that_says_so(few: None, db: None) -> None:
    answers = [Client().post("/join/guess/", REMOTE_ADDR="198.51.100.9") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404] * 3 + [429]
    assert b"<html" in answers[-1].content


def test_nobody_is_sent_to_another_site_after_signing_in(anna: User) -> None:
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        answer = Client().post("/accounts/login/", {"login": anna.email, "password": PASSWORD, "next": target})
        assert answer.status_code == 302
        assert answer["Location"] == "/"


def test_a_forgotten_password_is_reset_by_mail(victor: User) -> None:
    guest = Client()
    assert guest.post("/accounts/password/reset/", {"email": "Victor@north.example"}).status_code == 302
    (letter,) = mail.outbox
    assert letter.to == ["victor@north.example"]
    link = next(word for word in letter.body.split() if "/accounts/password/reset/key/" in word)
    page = guest.get(link.partition("testserver")[2], follow=True)
    fresh = "another horse, another battery"
    guest.post(page.request["PATH_INFO"], {"password1": fresh, "password2": fresh})
    assert try_to_sign_in(Client(), victor.email or "", fresh)


def test_letters_about_accounts_are_in_chinese_for_who_reads_chinese(victor: User) -> None:
    Client(headers={"Accept-Language": "zh-hans"}).post("/accounts/password/reset/", {"email": victor.email})
    (letter,) = mail.outbox
    assert "密码" in letter.subject
    assert "密码" in letter.body


def test_asking_to_reset_an_unknown_address_looks_the_same(db: None) -> None:
    answer = Client().post("/accounts/password/reset/", {"email": "nobody@north.example"})
    assert answer.status_code == 302


def test_a_second_step_is_asked_for_and_an_admin_can_turn_it_off(
    workspace: Workspace, victor: User, adam: User, sign_in: Callable[[User], Client]
) -> None:
    secret = generate_totp_secret()
    TOTP.activate(victor, secret)
    device = Client()
    answer = device.post("/accounts/login/", {"login": victor.email, "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert "One of your recovery codes works" in device.get(answer["Location"]).content.decode()
    assert device.get("/north-plant/notices/").status_code == 302
    counter = next(totp.yield_hotp_counters_from_time())
    code = format_hotp_value(hotp_value(secret, counter))
    assert device.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert device.get("/north-plant/notices/").status_code == 200

    row = Membership.objects.get(user=victor)
    assert sign_in(adam).post(f"/north-plant/members/{row.pk}/second-step/").status_code == 303
    assert not Authenticator.objects.exists()


def test_the_first_admins_address_is_vouched_for(db: None) -> None:
    admin = create_admin(email="Boss@X.example", password=PASSWORD)
    assert admin.email == "boss@x.example"
    assert EmailAddress.objects.get(user=admin).verified


# --- single sign-on ---------------------------------------------------------------------------------------------------


def single_sign_on(email: str, *, verified: bool = True, uid: str = "u-1", invited: str = "") -> HttpResponse:
    """What happens when the provider says: this is the person with that address."""
    request = RequestFactory().get("/accounts/oidc/callback/")
    request.user = AnonymousUser()
    request.session = SessionStore()
    request.session[INVITED] = invited
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    addresses = [EmailAddress(email=email, verified=verified, primary=True)] if email else []
    login = SocialLogin(
        user=User(name="Mei Lin"),
        account=SocialAccount(provider="dingtalk", uid=uid, extra_data={}),
        email_addresses=addresses,
    )
    login.state = {"process": "login"}
    with request_context(request):
        login.provider = get_adapter().get_provider(request, "dingtalk")
        response: HttpResponse = complete_login(request, login)
    return response


@pytest.fixture
def provider(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"dingtalk": {"APPS": [{"client_id": "x", "secret": "y"}]}}


def test_single_sign_on_opens_the_account_with_that_verified_address(provider: None, victor: User) -> None:
    single_sign_on("victor@north.example")
    assert SocialAccount.objects.get().user == victor


def test_an_address_that_nobody_vouches_for_opens_nothing(provider: None, victor: User) -> None:
    single_sign_on("victor@north.example", verified=False)
    assert not SocialAccount.objects.exists()


def test_single_sign_on_brings_in_who_is_invited(provider: None, workspace: Workspace, adam: User) -> None:
    invitations.invite(workspace=workspace, by=adam, role=Role.EDITOR, email="mei@north.example", now=timezone.now())
    single_sign_on("mei@north.example")
    mei = User.objects.get(email="mei@north.example")
    assert (mei.name, mei.has_usable_password()) == ("Mei Lin", False)
    assert Membership.objects.get(user=mei).role == Role.EDITOR
    assert SocialAccount.objects.get().user == mei


def test_a_link_lets_somebody_without_an_address_join_by_single_sign_on(
    provider: None, workspace: Workspace, adam: User
) -> None:
    _invitation, link = invitations.invite(workspace=workspace, by=adam, role=Role.VIEWER, now=timezone.now())
    single_sign_on("", uid="ding-7", invited=link.rstrip("/").rpartition("/")[2])
    assert Membership.objects.get(user__socialaccount__uid="ding-7").role == Role.VIEWER


def test_a_link_for_somebody_elses_address_does_not(provider: None, workspace: Workspace, adam: User) -> None:
    _invitation, link = invitations.invite(
        workspace=workspace, by=adam, role=Role.ADMIN, email="mei@north.example", now=timezone.now()
    )
    single_sign_on("eve@x.example", invited=link.rstrip("/").rpartition("/")[2])
    assert not SocialAccount.objects.exists()
    assert not User.objects.filter(email="eve@x.example").exists()


def test_strangers_with_single_sign_on_stay_outside(provider: None, workspace: Workspace) -> None:
    single_sign_on("eve@x.example")
    assert not User.objects.exists()


class WeCom:
    """WeCom's server, as its documentation says it answers."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        pass

    def get(self, url: str, params: dict[str, str]) -> Any:
        name = url.rpartition("/")[2]
        self.asked.append((name, params))
        return SimpleNamespace(json=lambda: self.answers[name], raise_for_status=lambda: None)


def scan_with_wecom(monkeypatch: pytest.MonkeyPatch, client: Client, server: WeCom) -> HttpResponse:
    monkeypatch.setattr(SocialAccountAdapter, "get_requests_session", lambda self: server)
    to = client.post("/accounts/wecom/login/")["Location"]
    assert to.startswith("https://login.work.weixin.qq.com/wwlogin/sso/login?")
    query = parse_qs(urlsplit(to).query)
    assert query["appid"] == ["ww1"]
    assert query["agentid"] == ["1000002"]
    answer: Any = client.get("/accounts/wecom/login/callback/", {"code": "c0de", "state": query["state"][0]})
    return answer  # type: ignore[no-any-return]


@pytest.fixture
def wecom(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "wecom": {"APPS": [{"client_id": "ww1", "secret": "s"}], "AUTH_PARAMS": {"agentid": "1000002"}}
    }


def test_staff_join_by_scanning_with_wecom(
    wecom: None, workspace: Workspace, adam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _invitation, link = invitations.invite(workspace=workspace, by=adam, role=Role.CONTRIBUTOR, now=timezone.now())
    server = WeCom(
        gettoken={"errcode": 0, "access_token": "t", "expires_in": 7200},
        getuserinfo={"errcode": 0, "userid": "zhangsan"},
        get={"errcode": 0, "name": "张三"},
    )
    client = Client()
    assert "企业微信" in client.get(link.removeprefix("http://localhost:8000")).content.decode()
    assert scan_with_wecom(monkeypatch, client, server).status_code == 302
    zhang = User.objects.get(socialaccount__uid="ww1:zhangsan")
    assert zhang.name == "张三"
    assert Membership.objects.get(user=zhang).role == Role.CONTRIBUTOR
    assert client.get("/north-plant/notices/").status_code == 200
    assert ("getuserinfo", {"access_token": "t", "code": "c0de"}) in server.asked


def test_whoever_is_not_of_the_company_in_wecom_stays_outside(
    wecom: None, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = WeCom(gettoken={"errcode": 0, "access_token": "t"}, getuserinfo={"errcode": 0, "openid": "o-1"})
    answer = scan_with_wecom(monkeypatch, Client(), server)
    assert answer.status_code in (200, 401)
    assert not User.objects.exists()


# --- tokens from the command line -------------------------------------------------------------------------------------


def test_the_command_prints_a_token_that_works(workspace: Workspace, adam: User) -> None:
    out = StringIO()
    call_command("create_token", "north-plant", "--role", "editor", stdout=out)
    token = ApiToken.objects.get()
    assert (token.owner, token.role) == (adam, Role.EDITOR)
    answer = Client().get("/api/v1/north-plant/jobs/1", headers={"Authorization": f"Bearer {out.getvalue().strip()}"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There are: north-plant"),
        (["north-plant", "--owner", "eve"], "nobody called eve"),
        (["north-plant", "--owner", "victor@north.example", "--role", "admin"], "cannot do more"),
        (["north-plant", "--days", "9000"], "two years at most"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], sentence: str, adam: User, victor: User) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("create_token", *arguments)
