"""Ask an effect of its owner, now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction

from opsboard.core import registry
from opsboard.core.contract import Outcome, Ref
from opsboard.core.models import User, Workspace


def perform(
    key: str,
    *,
    workspace: Workspace,
    now: datetime,
    by: User | None = None,
    about: Ref | models.Model | None = None,
    **settings: Any,
) -> Outcome:
    """Perform the effect in a transaction of its own and answer its outcome; raises UnknownKey, or the owner's ValidationError."""
    effect = registry.effect(key)
    ref = Ref.to(about) if isinstance(about, models.Model) else about
    with transaction.atomic():
        return effect.perform(workspace=workspace, by=by, about=ref, now=now, **settings)
