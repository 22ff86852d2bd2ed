"""The web process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")
os.environ.setdefault("OPSBOARD_ROLE", "web")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
