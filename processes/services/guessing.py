"""Which column of a file of events is what, from its headers and its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.translation import gettext_lazy, pgettext_lazy

from opsboard.core.imports import Field
from opsboard.core.uploads import Table

CASES = (
    "caseconceptname", "caseid", "case", "caseno", "casenumber", "caseidentifier", "traceid", "orderid", "orderno",
    "ordernumber", "order", "ticketid", "ticketno", "ticket", "serviceid", "incidentid", "requestid", "applicationid",
    "claimid", "invoiceid", "invoiceno", "patientid", "patient", "jobid", "jobno", "workorder", "processid", "id",
    "单号", "案例", "案例编号", "案例id", "单案例", "订单号", "订单编号", "工单号", "工单编号", "流水号", "业务单号", "单据号", "单据编号",
    "申请编号", "流程编号", "实例编号", "编号",
)  # fmt: skip
STEPS = (
    "conceptname", "activity", "activityname", "task", "taskname", "step", "stepname", "operation", "event",
    "eventname", "action", "handling", "stage", "workstep", "status", "state",
    "环节", "环节名称", "活动", "活动名称", "步骤", "任务", "任务名称", "操作", "节点", "节点名称", "工序", "事件", "动作", "状态",
)  # fmt: skip
ENDS = (
    "timetimestamp", "endtime", "enddate", "enddatetime", "endtimestamp", "end", "endedat", "completetime",
    "completiontime", "completetimestamp", "completed", "completedat", "finish", "finishtime", "finished", "finishedat",
    "timestamp", "time", "datetime", "date", "eventtime", "occurredat", "at",
    "结束时间", "完成时间", "办结时间", "结束", "时间", "时间戳", "发生时间", "操作时间", "日期",
)  # fmt: skip
STARTS = (
    "starttimestamp", "starttime", "startdate", "startdatetime", "start", "startedat", "begin", "begintime", "began",
    "开始时间", "开始", "受理时间", "接收时间",
)  # fmt: skip
PEOPLE = (
    "orgresource", "resource", "user", "username", "employee", "agent", "person", "who", "performer", "assignee",
    "handler", "operator", "worker", "owner",
    "执行人", "处理人", "经办人", "办理人", "操作人", "人员", "员工", "资源", "负责人",
)  # fmt: skip
TRANSITIONS = ("lifecycletransition", "lifecycle", "transition", "registrationtype", "eventtype", "类型", "事件类型")
INSTANCES = (
    "conceptinstance",
    "instance",
    "activityinstance",
    "activityinstanceid",
    "instanceid",
    "handlingid",
    "runid",
)
MOST_KEPT = 20

FIELDS = (
    Field("case", pgettext_lazy("of an event log", "Case"), "text", required=True, words=CASES),
    Field("activity", pgettext_lazy("of an event log", "Step"), "text", required=True, words=STEPS),
    Field("end", gettext_lazy("End, or only time"), "moment", required=True, unless="start", parts=True, words=ENDS, blank="keep"),
    Field("start", pgettext_lazy("of an event log", "Start"), "moment", words=STARTS, blank="keep"),
    Field("resource", gettext_lazy("Who did it"), "text", words=PEOPLE, blank="keep"),
    Field("lifecycle", gettext_lazy("Start or end?"), "text", words=TRANSITIONS, blank="keep"),
    Field("instance", gettext_lazy("Number of both"), "text", words=INSTANCES, blank="keep"),
    Field("attributes", gettext_lazy("Keep for filters"), "text", many=True, blank="keep"),
)  # fmt: skip


def guess_columns(table: Table) -> dict[str, tuple[str, ...]]:
    """The best column for each role; what repeats another column or says something else in each row is not kept."""
    by_name: dict[str, str] = {}
    for name in table.names:
        by_name.setdefault(_plain(name), name)
    free = list(table.names)
    found: dict[str, tuple[str, ...]] = {}

    def take(role: str, name: str) -> None:
        found[role] = (name,)
        free.remove(name)

    for role, words in (("case", CASES), ("activity", STEPS), ("start", STARTS), ("end", ENDS), ("resource", PEOPLE)):
        for word in words:
            name = by_name.get(word, "")
            if name in free and _fits(table, role, name):
                take(role, name)
                break
    _from_cells(table, free, found, take)
    _transitions(table, by_name, free, take)
    kept = [name for name in free if _worth_keeping(table, name, [one for names in found.values() for one in names])]
    if kept:
        found["attributes"] = tuple(kept[:MOST_KEPT])
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _fits(table: Table, role: str, name: str) -> bool:
    kind = table.guesses[name].kind
    if role in ("start", "end"):
        return kind == "moment"
    if table.guesses[name].blanks == len(table):
        return False
    return kind != "moment" and (role != "activity" or kind == "text")


def _from_cells(
    table: Table, free: list[str], found: dict[str, tuple[str, ...]], take: Callable[[str, str], None]
) -> None:
    """What no header says: the times are moments, the case repeats itself, the step has few different words."""
    times = [name for name in free if table.guesses[name].kind == "moment"]
    if "end" not in found and times:
        if "start" not in found and len(times) > 1:
            first, second = times[:2]
            earlier = sum(a > b for a, b in zip(table.texts(first), table.texts(second), strict=True))
            begin, end = (second, first) if earlier * 2 > len(table) else (first, second)
            take("start", begin)
            take("end", end)
        else:
            take("end", times[0])
    counts = {name: table.texts(name).n_unique() for name in free if table.guesses[name].kind != "moment"}
    if "case" not in found:
        several = [name for name in free if name in counts and 1 < counts[name] < len(table)]
        if several:
            take("case", max(several, key=lambda name: counts[name]))
    if "activity" not in found:
        words = [
            name for name in free if table.guesses[name].kind == "text" and 1 < counts[name] <= max(60, len(table) // 4)
        ]
        if words:
            take("activity", max(words, key=lambda name: counts[name]))


def _transitions(table: Table, by_name: dict[str, str], free: list[str], take: Callable[[str, str], None]) -> None:
    """Starts and ends in rows of their own, where the words say so."""
    for word in TRANSITIONS:
        name = by_name.get(word, "")
        if name in free and "complete" in {one.lower() for one in table.texts(name).unique().to_list()}:
            take("lifecycle", name)
            break
    else:
        return
    for word in INSTANCES:
        name = by_name.get(word, "")
        if name in free:
            take("instance", name)
            return


def _worth_keeping(table: Table, name: str, taken: Sequence[str]) -> bool:
    texts = table.texts(name)
    if name.startswith(("@@", "column_")) or table.guesses[name].kind == "moment":
        return False
    if any(texts.equals(table.texts(other)) for other in taken):
        return False
    different = texts.n_unique()
    return different > 1 and (table.guesses[name].kind == "number" or different * 2 <= len(texts) + 4)
