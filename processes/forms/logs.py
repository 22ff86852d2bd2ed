"""Where an event log goes, and what its first cases say when they are read out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core.access import Viewer
from opsboard.core.imports import Plan
from opsboard.core.uploads import Table, read_columns
from processes import analysis
from processes.models import Process
from processes.services.logs import title_from

NEW = "+"
SPOKEN = ("case", "activity", "end", "start", "resource", "lifecycle", "instance")


class LogForm(forms.Form):
    """Into a process that is there, or a new one; as a new log, or as more of the one that is there."""

    process = forms.ChoiceField(label=gettext_lazy("Process"), required=False)
    create = forms.CharField(label=gettext_lazy("Name of the process"), max_length=200, required=False)
    grow = forms.BooleanField(
        label=gettext_lazy("Add to the process's event log"), required=False,
        help_text=gettext_lazy("Events that are there already are not counted twice. Unticked, the file becomes a log of its own."),
    )  # fmt: skip
    leave_out = forms.BooleanField(
        label=gettext_lazy("Leave out rows with something wrong"), required=False,
        help_text=gettext_lazy("Unticked, you get a list of them and nothing is imported."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, viewer: Viewer, table: Table, plan: Plan, filename: str) -> None:
        self.viewer, self.table, self.plan = viewer, table, plan
        rows = list(Process.objects.visible_to(viewer).standing().with_counts().order_by("name"))
        known = {str(row.pk): row for row in rows}
        chosen = str(plan.settings.get("process") or "")
        start = {
            "process": chosen if chosen in known else NEW,
            "create": plan.settings.get("create") or title_from(filename),
            "grow": True,
            "leave_out": plan.settings.get("bad_rows") == "leave_out",
        }
        super().__init__(data, initial=start)
        self.fields["process"].choices = [(NEW, _("A new process")), *((pk, row.name) for pk, row in known.items())]  # type: ignore[attr-defined]
        self.known = known
        if not any(row.cases is not None for row in rows):
            del self.fields["grow"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if (given.get("process") or NEW) == NEW and not given.get("create"):
            self.add_error("create", _("Give the process a name."))
        return given

    def settings(self) -> dict[str, Any]:
        given = self.cleaned_data
        said: dict[str, Any] = {"bad_rows": "leave_out"} if given["leave_out"] else {}
        row = self.known.get(given.get("process") or NEW)
        if row is None:
            return {**said, "create": given["create"]}
        log = row.log if given.get("grow") else None
        return {**said, "process": row.pk, **({"log": log.pk} if log else {})}

    @property
    def stories(self) -> tuple[analysis.Story, ...]:
        """The first cases of the file as it is understood now; none where that does not hold together yet."""
        plan = self.plan
        names = {plan.one(role): role for role in SPOKEN if plan.one(role) in self.table.names}
        roles = set(names.values())
        if not {"case", "activity"} <= roles or not roles & {"end", "start"}:
            return ()
        moments = {column for column, role in names.items() if role in ("end", "start")}
        read = read_columns(
            self.table, {name: "moment" if name in moments else "text" for name in names},
            tz=plan.timezone or self.viewer.workspace.timezone, date_order=plan.date_order or None,  # type: ignore[arg-type]
            on_blank=dict.fromkeys(names, "keep"),
        )  # fmt: skip
        if read.ambiguous or not len(read):
            return ()
        frame = read.frame.rename({**names}).rename({"instance": "event"}, strict=False)
        return analysis.stories(analysis.log_from(frame, read.rows).steps)
