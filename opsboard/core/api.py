"""The JSON API: tokens, problem details, idempotent POSTs. Each app's `api.py` brings a `router`."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as SchemaError
from ninja.security import HttpBearer

from opsboard.core import jobs, registry
from opsboard.core.access import Viewer, role_needed, viewer_of
from opsboard.core.models import ApiToken, Job, Role, entrance_of
from opsboard.core.services.tokens import hash_secret


class ApiRequest(HttpRequest):
    """What an operation receives."""

    viewer: Viewer


class Token(HttpBearer):
    """`Authorization: Bearer ops_…`; the token's owner must still be a member, and its role is at most theirs."""

    def authenticate(self, request: HttpRequest, token: str) -> Viewer | None:
        viewer = self.viewer(request, token)
        if viewer is None:
            return None
        match = request.resolver_match
        operation = operation_of(match.func, request.method or "GET") if match else None
        if operation is None or not viewer.may(role_needed(operation, request.method or "GET")):
            raise PermissionDenied
        if not viewer.may_enter(registry.label_of_module(operation.__module__)):
            raise Http404
        return viewer

    def viewer(self, request: HttpRequest, token: str) -> Viewer | None:
        """Who asks with this token, if it opens the workspace of the address."""
        now = timezone.now()
        row = (
            ApiToken.objects.filter(
                token_hash=hash_secret(token), revoked_at=None, expires_at__gt=now,
                workspace__slug=getattr(request, "workspace_slug", ""),
            ).first()
        )  # fmt: skip
        if row is None:
            return None
        entrance = entrance_of(row.owner_id, row.workspace_id)
        if entrance is None:
            return None
        if row.last_used_at is None or row.last_used_at < now - timedelta(minutes=5):
            ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
        viewer = viewer_of(entrance, at_most=Role(row.role))
        request.viewer = viewer  # type: ignore[attr-defined]
        request.user = entrance.membership.user
        translation.activate(entrance.membership.user.language)
        return viewer


def operation_of(view: Any, method: str) -> Any:
    """The function behind ninja's view for a method."""
    path_view = inspect.getclosurevars(view).nonlocals.get("self") if inspect.isfunction(view) else None
    for operation in getattr(path_view, "operations", ()):
        if method in operation.methods:
            return operation.view_func
    return None


def described(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The description of the operations is for members of the workspace (the middleware looks) and for its tokens."""

    @functools.wraps(view)
    def description(request: HttpRequest, **address: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            request.workspace_slug = address["workspace"]  # type: ignore[attr-defined]
            scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or token.viewer(request, secret) is None:
                return no_token(request, AuthenticationError())
        return view(request, **address)

    return description


token = Token()
api = NinjaAPI(
    title="Opsboard API", version="1", auth=token, urls_namespace="api", docs_url=None, openapi_url="openapi.json",
    docs_decorator=described,
)  # fmt: skip


def problem(
    status: int, title: str = "", detail: str = "", errors: list[dict[str, Any]] | None = None, **more: Any
) -> HttpResponse:
    """An answer after RFC 9457."""
    body: dict[str, Any] = {"type": "about:blank", "title": title or HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    if errors is not None:
        body["errors"] = errors
    text = json.dumps({**body, **more}, ensure_ascii=False).encode(errors="replace")  # halves of characters, too
    return HttpResponse(text, status=status, content_type="application/problem+json")


class ProblemMiddleware:
    """Whatever refuses a program, it gets a problem: also where the fault lies before or outside of an operation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith("/api/") or response.status_code < 400:
            return response
        if response.headers.get("Content-Type", "").startswith("application/problem+json"):
            return response
        answer = problem(response.status_code)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if name in response.headers:
                answer[name] = response.headers[name]
        return answer


@api.exception_handler(AuthenticationError)
def no_token(request: HttpRequest, fault: Exception) -> HttpResponse:
    answer = problem(401, detail="Send a valid token of this workspace as “Authorization: Bearer …”.")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(PermissionDenied)
def no_right(request: HttpRequest, fault: Exception) -> HttpResponse:
    return problem(403, detail=str(fault) or "This token's role does not allow this.")


@api.exception_handler(Http404)
def not_there(request: HttpRequest, fault: Exception) -> HttpResponse:
    return problem(404)


@api.exception_handler(registry.UnknownKey)
def unknown_key(request: HttpRequest, fault: Exception) -> HttpResponse:
    return problem(422, errors=[{"row": None, "column": None, "field": "indicator", "message": f"Unknown: {fault}"}])


@api.exception_handler(HttpError)
def said_no(request: HttpRequest, fault: HttpError) -> HttpResponse:
    return problem(fault.status_code, detail=str(fault))


KINDS = frozenset({"float", "int", "str", "bool"})


@api.exception_handler(SchemaError)
def wrong_shape(request: HttpRequest, fault: SchemaError) -> HttpResponse:
    errors = []
    for one in fault.errors:
        place = [part for part in one.get("loc", ()) if part not in ("body", "query", "path", "payload")]
        # Where a field may be one of several kinds, pydantic names the kind that it tried: that is no field's name.
        place = [part for part in place if not str(part).startswith("function-") and part not in KINDS]
        numbers = [part for part in place if isinstance(part, int)]
        errors.append(
            {
                "row": numbers[0] if numbers else None,
                "column": None,
                "field": ".".join(map(str, place)),
                "message": one.get("msg", ""),
            }
        )
    return problem(422, errors=errors)


@api.exception_handler(ValidationError)
def refused(request: HttpRequest, fault: ValidationError) -> HttpResponse:
    if hasattr(fault, "error_dict"):
        errors = [
            {"row": None, "column": None, "field": "" if name == "__all__" else name, "message": text}
            for name, texts in fault.message_dict.items()
            for text in texts
        ]
    else:
        errors = [{"row": None, "column": None, "field": "", "message": text} for text in fault.messages]
    return problem(422, errors=errors)


@api.exception_handler(DataError)
@api.exception_handler(UnicodeEncodeError)
def not_storable(request: HttpRequest, fault: Exception) -> HttpResponse:
    return problem(422, detail="A value is too large, or holds a character that cannot be stored (such as NUL).")


@api.exception_handler(jobs.Refused)
def work_refused(request: HttpRequest, fault: jobs.Refused) -> HttpResponse:
    return problem(422, detail=str(fault), errors=fault.errors)


class JobStarted(Schema):
    job: int


class JobState(Schema):
    state: str
    progress: float
    result: dict[str, Any]
    error: str | None
    errors: list[dict[str, Any]]


@api.get("jobs/{pk}", response=JobState, tags=["core"], summary="How far a piece of long work is")
def job_state(request: ApiRequest, pk: int) -> dict[str, Any]:
    job = Job.objects.visible_to(request.viewer).filter(pk=pk).select_related("workspace").first()
    if job is None:
        raise Http404
    jobs.look(job)
    return {
        "state": job.state,
        "progress": job.progress,
        "result": job.result,
        "error": job.error or None,
        "errors": job.errors,
    }


__all__ = ["ApiRequest", "JobStarted", "api", "problem"]
