"""What waits, out of an uploaded file: the list that another program exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from metrics import analysis
from metrics.models import WaitingList
from metrics.services.waiting import Item, take_in
from opsboard.core import access, jobs
from opsboard.core.imports import Arrival, Field, Importer
from opsboard.core.uploads import Complaint

MOST = 200_000
NO_REFERENCE = gettext_noop("This row has no reference.")


def write_waiting(arrival: Arrival, work: jobs.Running) -> Mapping[str, Any]:
    """Each row is one thing: new, changed, or dealt with. All of the file or nothing of it."""
    viewer = access.person_in(arrival.workspace, arrival.by) if arrival.by else access.the_house(arrival.workspace)
    if viewer is None:
        raise jobs.Refused(_("Only members of the workspace may write to its waiting lists."))
    key = arrival.plan.settings.get("list", "")
    row = WaitingList.objects.visible_to(viewer).in_use().filter(key=key).select_related("workspace").first()
    if row is None:
        raise jobs.Refused(_("There is no waiting list “%(name)s” here.") % {"name": key})
    if len(arrival.frame) > MOST:
        raise jobs.Refused(_("A waiting list takes up to %(most)s rows at once.") % {"most": f"{MOST:,}"})
    items, numbers, wrong = [], [], []
    for number, said, labels in analysis.rows_of(arrival.frame, arrival.rows):
        reference = str(said["reference"] or "").strip()
        if not reference:
            wrong.append(Complaint(number, arrival.plan.one("reference"), NO_REFERENCE))
            continue
        numbers.append(number)
        items.append(
            Item(
                reference, _utc(said.get("at")), _utc(said.get("closed_at")), said.get("who"), said.get("url") or None,
                labels if "labels" in arrival.plan.columns else None,
            )
        )  # fmt: skip
    if wrong:
        raise arrival.refuse(wrong[:2000], len(wrong))
    work.progress(0.5, _("Writing"), now=True)
    try:
        taken = take_in(
            row=row, items=items, by=arrival.by, now=arrival.now,
            missing_are_done=bool(arrival.plan.settings.get("all_open")),
        )  # fmt: skip
    except ValidationError as fault:
        raise _by_row(arrival, fault, numbers) from fault
    work.url = row.get_absolute_url()
    return {
        "written": taken.opened, "revised": taken.changed + taken.closed, "unchanged": taken.unchanged,
        "opened": taken.opened, "closed": taken.closed, "list": row.key,
    }  # fmt: skip


def _by_row(arrival: Arrival, fault: ValidationError, numbers: list[int]) -> jobs.Refused:
    """The complaint about item 17 as one about its row of the file."""
    if not hasattr(fault, "message_dict"):
        return jobs.Refused(" ".join(fault.messages))
    wrong: list[Complaint] = []
    for place, texts in fault.message_dict.items():
        number = place.rpartition(".")[2]
        row = numbers[int(number)] if number.isdecimal() else 0
        wrong.extend(Complaint(row, "", text) for text in texts)
    return arrival.refuse(wrong)


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at is not None else None


WAITING = Importer(
    key="metrics.waiting",
    title=gettext_lazy("Waiting lists"),
    task="metrics.tasks.import_waiting",
    fields=(
        Field("reference", gettext_lazy("Reference"), "text", required=True, words=(
            "reference", "ticket", "ticketid", "id", "order", "orderid", "number", "case", "caseid", "编号", "工单号", "订单号", "单号")),
        Field("closed_at", gettext_lazy("Done at"), "moment", blank="keep", words=(
            "closedat", "closed", "doneat", "answeredat", "finishedat", "resolvedat", "完成时间", "关闭时间", "答复时间")),
        Field("at", gettext_lazy("Waiting since"), "moment", blank="keep", words=(
            "openedat", "opened", "createdat", "created", "since", "at", "time", "date", "开始时间", "创建时间", "提交时间")),
        Field("who", gettext_lazy("Who has it"), "text", blank="keep", words=(
            "who", "agent", "assignee", "owner", "handler", "客服", "负责人", "处理人")),
        Field("url", gettext_lazy("Address"), "text", blank="keep", words=("url", "link", "链接")),
        Field("labels", gettext_lazy("Label"), "text", many=True, blank="keep"),
    ),
    run=write_waiting,
    settings=("list", "all_open"),
)  # fmt: skip
