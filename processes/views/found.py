"""The process that an address names."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from opsboard.core.access import Request
from processes.models import Process


def found_process(request: Request, pk: int, *, deleted: bool = False) -> Process:
    rows = Process.objects.visible_to(request.viewer).select_related("owner")
    row: Process = get_object_or_404(rows if deleted else rows.standing(), pk=pk)
    row.workspace = request.workspace  # it is this one's
    return row
