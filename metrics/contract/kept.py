"""What was found out of each metric's numbers, kept until one of them, or what stands beside them, is another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.core.cache import caches

from metrics.models import Marks, Metric

KEPT_FOR = 3600  # seconds


def kept[T](
    what: str,
    metrics: Mapping[int, Metric],
    marks: Marks,
    told: Callable[[Metric], Hashable],
    make: Callable[[list[int]], Mapping[int, T]],
) -> dict[int, T]:
    """Of each metric what `make` says of it; it is asked only for those that are not known, for all of them at once.

    `told` is what the answer depends on beside the metric's definition and values, which the marks stand for.
    """
    near = caches["numbers"]
    keys = {pk: _key(what, metric, marks, told(metric)) for pk, metric in metrics.items()}
    known: dict[str, Any] = near.get_many(keys.values())
    new = [pk for pk, key in keys.items() if key not in known]
    made = make(new) if new else {}
    for pk, one in made.items():
        near.set(keys[pk], one, KEPT_FOR)
    return {pk: made[pk] if pk in made else known[key] for pk, key in keys.items() if pk in made or key in known}


def _key(what: str, metric: Metric, marks: Marks, told: Hashable) -> str:
    whole = repr((marks.metrics.get(metric.key), marks.beside, told))
    return f"metrics.{what}:{metric.pk}:{hashlib.sha256(whole.encode()).hexdigest()}"
