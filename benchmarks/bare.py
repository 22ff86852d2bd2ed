"""A bare Django page with one query: what any page costs before it does anything."""

from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path


def bare(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_workspace")
        return HttpResponse(f"<!doctype html><title>bare</title><p>{cursor.fetchone()[0]}")


urlpatterns = [path("", bare)]


def application() -> Any:
    """A web process that has this page and nothing else."""
    settings.ROOT_URLCONF = "benchmarks.bare"
    settings.MIDDLEWARE = []
    return get_wsgi_application()
