"""The workers: one Celery app; its beat table is collected from the apps' contracts."""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import import_modules, worker_init

from opsboard.settling import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")

app = Celery("opsboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@import_modules.connect(weak=False)
def fill_the_beat_table(**kwargs: Any) -> None:
    """Every contract's schedule in one table; read by name, because Django is ready only when workers import modules."""
    app.conf.beat_schedule = import_module("opsboard.core.registry").beat_table()


@worker_init.connect(weak=False)
def settle_down(**kwargs: Any) -> None:
    """Before the pool's children are made, so that they share what stays."""
    settle()
