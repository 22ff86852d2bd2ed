"""What the evaluator remembers from tick to tick."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from django.db import connection, models

from opsboard.alerts.analysis import Health, Memory, State
from opsboard.alerts.models.watches import MOST_INPUTS, Watch
from opsboard.core.models import WorkspaceModel, WorkspaceQuerySet


def hash_of(labels: Mapping[str, str]) -> str:
    """One name for a label set, whatever its order and its letters."""
    return hashlib.sha256(json.dumps(dict(labels), sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


MEMORY_FIELDS = (
    "state", "active_at", "fired_at", "recovering_at", "episode", "last_tick", "last_value", "bucket_at",
    "bucket_seen_at", "missing", "missing_since", "peak", "health", "level", "higher_at", "highest_at", "lowering_at",
    "prior", "errors", "recent",
)  # fmt: skip
_TYPES = (
    "text", "timestamptz", "timestamptz", "timestamptz", "int", "timestamptz", "float8", "timestamptz",
    "timestamptz", "int", "timestamptz", "float8", "text", "int", "timestamptz", "timestamptz", "timestamptz",
    "text", "int", "text",
)  # fmt: skip


class InstanceQuerySet(WorkspaceQuerySet):
    def living(self) -> Self:
        """Without those whose number or labels are watched no more; their alerts stay."""
        return self.filter(retired_at=None)

    def firing(self) -> Self:
        return self.filter(state__in=[State.FIRING, State.RECOVERING])

    def compare_and_set(self, memories: Mapping[int, Memory]) -> set[int]:
        """Write what the instances remember now, each only if nobody judged this tick or a later one; answers whose was written."""
        if not memories:
            return set()
        table = connection.ops.quote_name(self.model._meta.db_table)
        columns: list[Any] = [list(memories)]
        columns += [[getattr(memory, name) for memory in memories.values()] for name in MEMORY_FIELDS]
        casts = ", ".join(f"%s::{kind}[]" for kind in ("bigint", *_TYPES))
        names = ", ".join(MEMORY_FIELDS)
        changes = ", ".join(f"{name} = told.{name}" for name in MEMORY_FIELDS)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} AS mine SET {changes} FROM unnest({casts}) AS told(id, {names}) "  # noqa: S608
                "WHERE mine.id = told.id AND (mine.last_tick IS NULL OR mine.last_tick < told.last_tick) "
                "RETURNING mine.id",
                columns,
            )
            return {row[0] for row in cursor.fetchall()}

    def say_beside(self, rows: Sequence[Instance]) -> None:
        """Keep what is said beside the values of thousands of instances, in one statement."""
        if not rows:
            return
        table = connection.ops.quote_name(self.model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} AS mine SET reference = told.reference, detail = told.detail, detail_url = told.url "  # noqa: S608
                "FROM unnest(%s::bigint[], %s::float8[], %s::text[], %s::text[]) AS told(id, reference, detail, url) "
                "WHERE mine.id = told.id",
                [[getattr(row, name) for row in rows] for name in ("pk", "reference", "detail", "detail_url")],
            )


class Instance(WorkspaceModel):
    """What one watch remembers of one label set: the state machine's row."""

    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="instances")
    labels = models.JSONField(default=dict)
    labels_hash = models.CharField(max_length=32)
    state = models.CharField(max_length=12, default=State.OK)
    active_at = models.DateTimeField(null=True)
    fired_at = models.DateTimeField(null=True)
    recovering_at = models.DateTimeField(null=True)
    episode = models.PositiveIntegerField(default=0)
    last_tick = models.DateTimeField(null=True)
    last_value = models.FloatField(null=True)
    bucket_at = models.DateTimeField(null=True)
    bucket_seen_at = models.DateTimeField(null=True)
    missing = models.PositiveIntegerField(default=0)
    missing_since = models.DateTimeField(null=True)
    peak = models.FloatField(null=True)
    health = models.CharField(max_length=10, default=Health.OK)
    level = models.PositiveSmallIntegerField(default=0)
    higher_at = models.DateTimeField(null=True)
    highest_at = models.DateTimeField(null=True)
    lowering_at = models.DateTimeField(null=True)
    prior = models.CharField(max_length=12, blank=True)
    errors = models.PositiveIntegerField(default=0)
    recent = models.CharField(max_length=MOST_INPUTS, blank=True)
    # What the value was last compared with, and the one thing behind it that waits or stands out.
    reference = models.FloatField(null=True)
    detail = models.CharField(max_length=300, blank=True)
    detail_url = models.CharField(max_length=500, blank=True)
    retired_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Any]] = InstanceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["watch", "labels_hash"], name="a_label_set_is_watched_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in State]), name="instance_state_is_known"
            ),
        )
        indexes = (
            models.Index(fields=["workspace"], condition=~models.Q(state="ok"), name="instance_not_ok"),
            models.Index(fields=["workspace"], condition=models.Q(health="error"), name="instance_unread"),
        )

    @property
    def memory(self) -> Memory:
        values = {name: getattr(self, name) for name in MEMORY_FIELDS}
        return Memory(**values | {"state": State(self.state), "health": Health(self.health)})


class Pulse(models.Model):
    """The evaluator's heartbeat in a workspace: the last tick that was judged there."""

    workspace = models.OneToOneField("core.Workspace", on_delete=models.CASCADE, primary_key=True, related_name="+")
    tick = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # when late values were last looked for
    silent_since = models.DateTimeField(null=True)  # the admins were told that it stands still
