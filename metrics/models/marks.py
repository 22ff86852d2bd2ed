"""Short texts that differ whenever what is read from some metrics may: for what is kept and asked for again."""
# ruff: noqa: S608 - only our own fragments are put together; every value travels as an argument

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from metrics.models.measures import PREFIX

if TYPE_CHECKING:
    from opsboard.core.models import Workspace

# A version goes up with each change of a definition or of values. Annotations and rates are made, changed and removed:
# one more or less, a newer one, or one version more.
_MARKS = """
SELECT key, mark FROM (
  WITH RECURSIVE basis AS (
    SELECT key, id FROM metrics_metric WHERE workspace_id = %(workspace)s AND key = ANY({keys})
    UNION SELECT b.key, o.of_id FROM metrics_operand o JOIN basis b ON b.id = o.metric_id
  )
  SELECT b.key, string_agg(concat_ws('.', m.id, m.version, coalesce(p.version, 0), (m.archived_at IS NULL)::int), '-'
                           ORDER BY m.id) AS mark
  FROM basis b JOIN metrics_metric m ON m.id = b.id LEFT JOIN metrics_pulse p ON p.metric_id = m.id GROUP BY b.key
) metric
UNION ALL SELECT NULL, concat_ws('.', count(*), max(id), sum(version)) || '/' || (
  SELECT concat_ws('.', count(*), max(id)) FROM core_exchangerate WHERE workspace_id = %(workspace)s
) || '/' || (
  SELECT coalesce(md5(string_agg(concat_ws('|', id, timezone), ',' ORDER BY id)), '') FROM metrics_place
  WHERE workspace_id = %(workspace)s
) FROM metrics_annotation WHERE workspace_id = %(workspace)s
"""


@dataclass(frozen=True, slots=True)
class Marks:
    """Of each metric by its key, with what it is calculated from; and of what stands beside them all."""

    metrics: dict[str, str]
    beside: str

    @property
    def definitions(self) -> list[str]:
        """How the metrics are defined and who may see them, whatever their values are."""
        return sorted(
            f"{key}:{metric}.{version}.{used}"
            for key, mark in self.metrics.items()
            for metric, version, _values, used in (one.split(".") for one in mark.split("-"))
        )


def marks_of(workspace: Workspace, keys: Iterable[str]) -> Marks:
    """The marks of these metrics and of the workspace's annotations, rates and places; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKS.format(keys="%(keys)s"), {"workspace": workspace.pk, "keys": sorted(set(keys))})
        return marks_from(workspace, {key or "": mark for key, mark in cursor.fetchall()})


def marks_of_tiles(tiles: str) -> str:
    """SQL for the same of the metrics that tiles show, as one object; `tiles` is their column. Asks for `workspace`."""
    keys = (
        f"ARRAY(SELECT substr(source, {len(PREFIX) + 1}) FROM jsonb_array_elements({tiles}) tile, "
        f"jsonb_array_elements_text(tile -> 'sources') source WHERE starts_with(source, '{PREFIX}'))"
    )
    return f"(SELECT jsonb_object_agg(coalesce(key, ''), mark)::text FROM ({_MARKS.format(keys=keys)}) marks)"


def marks_from(workspace: Workspace, found: Mapping[str, str]) -> Marks:
    clock = f"{workspace.timezone}/{workspace.week_start}"
    return Marks({key: mark for key, mark in found.items() if key}, f"{found['']}/{clock}")
