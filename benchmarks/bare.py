"""A bare Django page with one query: what any page costs before it does anything."""

import os
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
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
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")
    django.setup()
    settings.ROOT_URLCONF = "benchmarks.bare"
    settings.MIDDLEWARE = []
    return WSGIHandler()
