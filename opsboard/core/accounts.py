"""How people sign in: nobody signs up by themselves; invitations and single sign-on bring them in.

Guessing a password is slowed down without locking the owner out. A device that signed in before carries a signed cookie
and is counted for itself alone; everybody else is counted per network address and, for each account, per pair of address
and account. Only guesses from addresses that the account never used share one limit per account.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.internal import ratelimit
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache, caches
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from pghistory.middleware import HistoryMiddleware

from opsboard.core.models import Invitation, User, arrival_of
from opsboard.core.services import invitations, people

DEVICE_COOKIE = "opsboard_device"
DEVICE_SALT = "opsboard.device"
DEVICE_AGE = 400 * 24 * 3600  # as long as browsers keep a cookie
SEEN_FOR = 60  # seconds
# What tells one place from another.
WHERE = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_USER_AGENT")
COMING_IN = "/accounts/"  # other houses that vouch for somebody send them here, by GET
INVITED = "invitation"  # the session's key: a link that somebody opened before single sign-on


class SignIn(AuthenticationBackend):
    """By e-mail or user name; and with each request, whose session it is, and where they may go."""

    def get_user(self, user_id: int) -> User | None:
        arrival = arrival_of(user_id)
        if arrival is None or not self.user_can_authenticate(arrival.user):
            return None
        arrival.user.entrances = arrival.entrances
        return arrival.user


def display_name(user: User) -> str:
    return str(user)


def known_device(request: HttpRequest, user: User) -> str:
    """The name of this device if this person signed in on it before, else nothing."""
    mark = request.get_signed_cookie(DEVICE_COOKIE, default="", salt=DEVICE_SALT, max_age=DEVICE_AGE)
    device, _colon, owner = (mark or "").partition(":")
    return device if owner == str(user.pk) else ""


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    response.set_signed_cookie(
        DEVICE_COOKIE,
        f"{known_device(request, user) or secrets.token_urlsafe(12)}:{user.pk}",
        salt=DEVICE_SALT,
        max_age=DEVICE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        remember_device(request, response, user)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        login = str(credentials.get("email") or credentials.get("username") or "").lower()
        return f"{ratelimit.get_ip(request)}:{login}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        login = str(credentials.get("email") or credentials.get("username") or "").lower()
        user = people.known_person(login)
        device = known_device(request, user) if user else ""
        if user and device:
            limits = [("login_failed_on_known_device", f"{device}:{user.pk}")]
        else:
            limits = [("login_failed", self._get_login_attempts_cache_key(request, **credentials))]
            if user and not UserSession.objects.filter(user=user, ip=self.get_client_ip(request)).exists():
                limits.append(("login_failed_from_unknown_addresses", str(user.pk)))
        usage = ratelimit.RateLimitUsage(usage=[])
        self._login_failed_rl_usage = usage
        for action, key in limits:
            taken = ratelimit.consume(request, app="allauth.account", action=action, key=key)
            if not taken:
                raise self.validation_error("too_many_login_attempts")
            usage.usage.extend(taken.usage)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Single sign-on opens an account that it belongs to, or makes one for somebody who is invited."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_app(self, request: HttpRequest, provider: Any, client_id: Any = None) -> Any:
        """Addresses of a provider that this house does not use are nowhere."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist as unused:
            raise Http404 from unused

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.state.get("process") not in (None, "", "login"):
            return
        now = timezone.now()
        invitation = invitations.open_invitation(request.session.get(INVITED, ""), now=now)
        proven = {address.email.lower() for address in sociallogin.email_addresses if address.verified}
        if invitation is not None and invitation.email and invitation.email not in proven:
            invitation = None  # the link was for somebody else's address
        if invitation is None and proven:
            invitation = (
                Invitation.objects.open_at(now)
                .filter(email__in=proven)
                .select_related("workspace", "team", "invited_by")
                .order_by("created_at")
                .first()
            )
        if invitation is None:
            return
        request.session.pop(INVITED, None)
        if sociallogin.is_existing:
            invitations.accept_invitation(invitation=invitation, user=sociallogin.user, now=now)
            return
        try:
            person = invitations.join_with_new_account(
                invitation=invitation,
                name=_name_of(sociallogin),
                username=self._user_name(request, sociallogin, invitation),
                email=invitation.email or min(proven, default=""),
                password=None,
                now=now,
            )
        except ValidationError:  # such as an address that another account has without having proven it
            return
        sociallogin.connect(request, person)

    def _user_name(self, request: HttpRequest, sociallogin: Any, invitation: Invitation) -> str:
        if invitation.email and people.known_person(invitation.email) is None:
            return invitation.email
        wish = sociallogin.account.extra_data
        return str(
            self._account_adapter(request).generate_unique_username(
                [wish.get("preferred_username"), sociallogin.account.uid, "user"]
            )
        )

    def _account_adapter(self, request: HttpRequest) -> AccountAdapter:
        return AccountAdapter(request)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or " ".join(filter(None, [data.get("first_name"), data.get("last_name")])))[
            :150
        ]
        user.email = user.email or None
        return user


def _name_of(sociallogin: Any) -> str:
    return str(sociallogin.user.name or sociallogin.account.extra_data.get("nick") or "")


class SeenMiddleware:
    """Notes where somebody is signed in and when they were last seen: once a minute, not with each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated:
            where = [request.META.get(said) for said in WHERE]
            print_ = hashlib.sha256(repr((key, request.user.pk, where)).encode()).hexdigest()
            # This process asks itself first, then what all processes know.
            if caches["fragments"].add(f"seen:{print_}", 1, SEEN_FOR) and cache.add(f"seen:{print_}", 1, SEEN_FOR):
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


class AuditMiddleware(HistoryMiddleware):
    """Who changed something, and from where. Reading changes nothing that is audited, except where people come in."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"} and not request.path.startswith(COMING_IN):
            answer: HttpResponse = self.get_response(request)
        else:
            answer = super().__call__(request)  # type: ignore[no-untyped-call]
        return answer
