from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from opsboard import celery  # noqa: F401 - our Celery app is the current one wherever Django runs


class CoreConfig(AppConfig):
    name = "opsboard.core"
    label = "core"
    verbose_name = _("Opsboard")

    def ready(self) -> None:
        # Importing registers the start-up checks.
        from opsboard.core import checks  # noqa: F401, PLC0415
