"""Whether the house stands: for load balancers and container engines."""

from __future__ import annotations

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from opsboard.core import jobs, live

WORKER_LATE = 60.0


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the web process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database, the broker and a worker answer, else 503 with what is missing."""
    state = {"database": False, "broker": False, "worker": False}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        state["database"] = True
    except DatabaseError:
        pass
    try:
        state["broker"] = bool(live.connection().ping())
        seen = jobs.worker_seen()
        state["worker"] = seen is not None and seen < WORKER_LATE
    except redis.RedisError:
        pass
    return JsonResponse(state, status=200 if all(state.values()) else 503)
