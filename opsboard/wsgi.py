"""The web process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")
os.environ.setdefault("OPSBOARD_ROLE", "web")

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from opsboard.settling import settle

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 - each worker has read all pages before somebody asks it for the first
settle()
