"""What people say of a file's columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis
from metrics.forms.metric import target_scale, typed_unit
from metrics.models import Aggregation, Direction, Grain, Metric, newest
from metrics.services import key_from
from opsboard.core.access import Viewer
from opsboard.core.forms import NumberField, scaled
from opsboard.core.imports import Plan
from opsboard.core.uploads import Table, read_columns

NEW = "+"
MOST_PARTS = 30
TYPED = [choice for choice in Aggregation.choices if choice[0] != Aggregation.FORMULA]  # a file's values are no formula
_RATES = re.compile(r"\b(?:rate|ratio|share|percent(?:age)?)s?\b|%|率|占比", re.IGNORECASE)
AVERAGES = re.compile(rf"\b(?:average|avg|mean)\b|平均|均值|均价|{_RATES.pattern}", re.IGNORECASE)
# How long something takes; the hours that people or machines worked, or stood, are counted.
_DURATIONS = re.compile(
    r"(?<!per )\b(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days (?:late|to|of delay)|time to \w+)\b"
    r"|\b(?:reply|response|lead|wait(?:ing)?|handling|cycle|processing|delivery|turnaround|resolution)[ _-]times?\b"
    r"|(?<!每)(?:秒钟?|分钟|小时)|(?:逾期|延误|延迟|迟到|在途|交付|交货)天数|时长|耗时|用时|时效"
    r"|(?:回复|响应|等待|处理|交付|交货|配送|发货|周转)(?:时间|周期)",
    re.IGNORECASE,
)
_COUNTED_TIMES = re.compile(
    r"work|machine|man[ -]|overtime|downtime|labou?r|opening|operating|paid|工时|加班|停机|出勤|营业|运行|工作",
    re.IGNORECASE,
)
_TIME_UNITS = (
    (r"(?:^|[\W_])(?:minutes?|mins?)(?:[\W_]|$)", "min"), (r"(?:^|[\W_])(?:hours?|hrs?|h)(?:[\W_]|$)", "h"),
    (r"(?:^|[\W_])(?:seconds?|secs?)(?:[\W_]|$)", "s"), (r"(?:^|[\W_])days?(?:[\W_]|$)", "days"),
    ("分钟", "分钟"), ("小时", "小时"), ("秒", "秒"), ("天", "天"),
)  # fmt: skip
FEWER = re.compile(
    r"complain|defect|scrap|rework|returns?\b|refund|reject|error|fault|fail|\blate\b|delay|wait|overdue|\bcosts?\b|churn|cancel"
    r"|absen|accident|downtime|backlog|stock.?out|投诉|客诉|差评|退货|退款|缺陷|不良|次品|报废|返工|差错|故障|延误|延迟|迟到|等待|逾期|超时"
    r"|成本|费用|流失|取消|缺货|事故|停机",
    re.IGNORECASE,
)  # of these fewer are better
_PLAIN = re.compile(r"^(?:values?|numbers?|值|数值|数量)$", re.IGNORECASE)
_UNIT = re.compile(r"^(.{1,200}?)\s*[(（\[]\s*([^()（）\[\]]{1,12})\s*[)）\]]\s*$")
_MONEY = re.compile(r"^(.{1,200}?)(?:\s+in)?\s+([€£$¥￥₩₹]|EUR|USD|CNY|RMB|GBP|JPY|HKD|CHF)\s*$")
_CODES = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "RMB": "CNY"}  # other signs stand for several currencies


class PastField(forms.BooleanField):
    """Whether what comes in is history, which sets no alert off."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            label=gettext_lazy("These are past values: don't alert on them"), required=False,
            help_text=gettext_lazy("For history that you bring in later. A new file of this week may alert."), **more,
        )  # fmt: skip


class ImportForm(forms.Form):
    """Where a file goes: into a metric that is there, or into a new one."""

    metric = forms.ChoiceField(label=gettext_lazy("Write into"), required=False)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=40, required=False)
    direction = forms.ChoiceField(label=gettext_lazy("Which way is better"), choices=Direction.choices, required=False)
    aggregation = forms.ChoiceField(
        label=gettext_lazy("Adds up as"),
        choices=TYPED,
        required=False,
        help_text=gettext_lazy("How a week comes out of its days, and the whole out of its parts."),
    )
    grain = forms.ChoiceField(label=gettext_lazy("Measured each"), choices=Grain.choices, required=False)
    target = NumberField(label=gettext_lazy("Target"), required=False)
    backfill = PastField()

    def __init__(
        self, data: Any = None, *, viewer: Viewer, table: Table, plan: Plan, filename: str, once: bool = True
    ) -> None:
        """`once`: a file, and not what is read again and again."""
        self.viewer, self.plan, self.stem = viewer, plan, _stem(filename)
        metrics = list(Metric.objects.visible_to(viewer).in_use().order_by("name"))
        create = plan.settings.get("create") or {}
        rate = plan.has("numerator")
        grain = create.get("grain") or _grain(table, plan, viewer)
        said = plan.one("value")
        if not said or _PLAIN.match(said):
            said = title_from(filename)
        start = {
            "metric": plan.settings.get("key") if _alike(plan, filename) else NEW,
            "name": create.get("name")
            if _alike(plan, filename)
            else rate_name(plan.one("numerator"))
            if rate
            else title_from(filename),
            "unit": create.get("unit", "") or ("" if rate else name_and_unit(said)[1]),
            "direction": create.get("direction")
            or _better(f"{plan.one('numerator') or plan.one('value')} {title_from(filename)}"),
            "aggregation": create.get("aggregation")
            or (Aggregation.RATIO if rate else _sum_or_mean(table, plan, grain, said)),
            "grain": grain,
            "target": scaled(create.get("target"), 1 / target_scale(create)),
        }
        wanted = {
            start["metric"],
            *(one for one in (plan.settings.get("columns") or {}).values() if isinstance(one, str)),
        }
        start["backfill"] = is_past(table, plan, viewer, [one for one in metrics if one.key in wanted])
        super().__init__(data, initial=start)
        self.fields["target"].unit = typed_unit(self)  # type: ignore[attr-defined]
        if not once or not metrics:
            del self.fields["backfill"]
        self.sums = {one.key: one.aggregation == Aggregation.SUM for one in metrics}
        choices = [(NEW, _("A new metric")), *((one.key, one.name) for one in metrics)]
        self.fields["metric"].choices = choices  # type: ignore[attr-defined]
        self.values = plan.columns.get("value", ())
        self._add_parts(table, choices, {one.name.casefold(): one.key for one in metrics})

    def _add_parts(self, table: Table, choices: list[tuple[str, Any]], known: dict[str, str]) -> None:
        """For each column of numbers a line of fields, for files that hold several metrics."""
        remembered = self.plan.settings.get("columns") or {}
        numbers = [
            (place, header)
            for place, header in enumerate(table.names)
            if header in self.values or table.guesses[header].kind == "number"
        ]
        self._places = dict(numbers[:MOST_PARTS])
        for place, header in self._places.items():
            name, unit = name_and_unit(header)
            before = remembered.get(header)
            adds = (
                Aggregation.RATIO
                if _has_percents(table, header)
                else Aggregation.MEAN
                if _is_average(header)
                else Aggregation.SUM
            )
            self.fields[f"into_{place}"] = forms.ChoiceField(
                label=_("Write “%(name)s” into") % {"name": header}, choices=choices, required=False,
                initial=before if isinstance(before, str) else known.get(name.casefold(), NEW),
            )  # fmt: skip
            self.fields[f"name_{place}"] = forms.CharField(
                label=_("Name of “%(name)s”") % {"name": header}, max_length=200, required=False, initial=name
            )
            self.fields[f"unit_{place}"] = forms.CharField(
                label=_("Unit of “%(name)s”") % {"name": header}, max_length=40, required=False, initial=unit
            )
            self.fields[f"adds_{place}"] = forms.ChoiceField(
                label=_("How “%(name)s” adds up") % {"name": header}, choices=TYPED, required=False,
                initial=adds,
            )  # fmt: skip
            self.fields[f"better_{place}"] = forms.ChoiceField(
                label=_("Which way is better for “%(name)s”") % {"name": header}, choices=Direction.choices, required=False,
                initial=_better(header),
            )  # fmt: skip

    @property
    def several(self) -> bool:
        return len(self.values) > 1

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The lines of the columns of numbers: `chosen` are those that are values."""
        return [
            {"place": place, "header": header, "rate": rate_name(header), "chosen": header in self.values, "into": self[f"into_{place}"],
             "name": self[f"name_{place}"], "unit": self[f"unit_{place}"], "adds": self[f"adds_{place}"],
             "better": self[f"better_{place}"]}
            for place, header in self._places.items()
        ]  # fmt: skip

    @property
    def single(self) -> list[Any]:
        return [self[name] for name in ("name", "unit", "direction", "aggregation", "grain", "target")]

    def _clean_parts(self, given: dict[str, Any]) -> None:
        taken: set[str] = set()
        for place, header in self._places.items():
            if header not in self.values:
                continue
            into, name = given.get(f"into_{place}") or NEW, given.get(f"name_{place}") or ""
            if into == NEW and not name:
                self.add_error(f"name_{place}", _("Give the new metric a name."))
            mark = name.casefold() if into == NEW else f"={into}"
            if mark and mark in taken:
                self.add_error(
                    f"name_{place}" if into == NEW else f"into_{place}", _("Two columns can't go into the same metric.")
                )
            taken.add(mark)
        if len(self.values) > MOST_PARTS:
            self.add_error(None, _("At most %(limit)s columns of values at once.") % {"limit": MOST_PARTS})

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["metric"] = given.get("metric") or NEW
        if self.plan.has("numerator"):
            given["aggregation"] = Aggregation.RATIO.value  # rates of several shops or days never add up
        given["target"] = scaled(given.get("target"), target_scale(given))
        if self.plan.has("metric"):
            return given
        if self.several:
            self._clean_parts(given)
            return given
        if self.plan.has("numerator") and self.sums.get(given.get("metric", "")):
            self.add_error(
                "metric", _("This metric adds its values up, and rates do not add up. Choose another, or a new one.")
            )
        if given.get("metric") == NEW and not given.get("name"):
            self.add_error("name", _("Give the new metric a name."))
        if given.get("metric") == NEW and given.get("name"):
            trial = Metric(
                workspace=self.viewer.workspace, key=key_from(given["name"], self.viewer.workspace),
                created_at=timezone.now(), **_filled(given),
            )  # fmt: skip
            try:
                trial.full_clean()
            except ValidationError as refusal:
                for name, texts in refusal.message_dict.items():
                    self.add_error(name if name in self.fields else None, texts)
        return given

    def settings(self) -> dict[str, Any]:
        """What the job needs to know; the file's name tells next week's file from another one with the same header."""
        given = self.cleaned_data
        past = {"backfill": True} if given.get("backfill") else {}
        if self.plan.has("metric"):
            return past
        if self.several:
            return {"columns": dict(self._settings_of_parts(given)), "stem": self.stem, **past}
        if given["metric"] != NEW:
            return {"key": given["metric"], "stem": self.stem, **past}
        return {"create": _filled(given), "stem": self.stem, **past}

    def _settings_of_parts(self, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for place, header in self._places.items():
            if header not in self.values:
                continue
            into = given.get(f"into_{place}") or NEW
            new = {
                "name": given.get(f"name_{place}"),
                "unit": given.get(f"unit_{place}"),
                "aggregation": given.get(f"adds_{place}") or Aggregation.SUM.value,
                "direction": given.get(f"better_{place}"),
                "grain": given.get("grain"),
            }
            yield header, {name: value for name, value in new.items() if value} if into == NEW else into


def name_and_unit(header: str) -> tuple[str, str]:
    """“Sales (CNY)” is sales in CNY, and so is “Sales CNY”."""
    found = _UNIT.match(header) or _MONEY.match(header)
    name, unit = (
        (found[1].strip(), _CODES.get(found[2].strip(), found[2].strip())) if found else (header.strip()[:200], "")
    )
    if not unit and _DURATIONS.search(header) and not _RATES.search(header):
        unit = next((word for pattern, word in _TIME_UNITS if re.search(pattern, header, re.IGNORECASE)), "")
    return name[:1].upper() + name[1:], unit


def is_duration(name: str) -> bool:
    """Whether it says how long something takes: averaged, and less is better."""
    return bool(_DURATIONS.search(name)) and not (_RATES.search(name) or _COUNTED_TIMES.search(name))


def rate_name(numerator: str) -> str:
    """What a rate is called by what is counted above: Defects rate."""
    name = name_and_unit(numerator)[0]
    return _("%(name)s rate") % {"name": re.sub(r"(?<=\w\w)(?:数量|个数|数)$", "", name)}


def _is_average(name: str) -> bool:
    return bool(AVERAGES.search(name)) or is_duration(name)


def _better(name: str) -> Direction:
    return Direction.DOWN if FEWER.search(name) or is_duration(name) else Direction.UP


def _has_percents(table: Table, column: str) -> bool:
    return bool(table.texts(column).head(200).str.contains("%", literal=True).any())


def _sum_or_mean(table: Table, plan: Plan, grain: str, said: str) -> Aggregation:
    """What is measured several times a day and has fractions is a level, such as a temperature; the rest is counted."""
    column = plan.one("value")
    if column in table.names and _has_percents(table, column):
        return Aggregation.RATIO
    if _is_average(said):
        return Aggregation.MEAN
    if grain not in {Grain.MINUTE, Grain.HOUR} or column not in table.names:
        return Aggregation.SUM
    fractions = table.frame[column].head(500).str.contains(rf"[{table.decimal}][0-9]*[1-9]").any()
    return Aggregation.MEAN if fractions else Aggregation.SUM


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "unit", "direction", "aggregation", "grain", "target")
    return {name: given[name] for name in names if given.get(name) not in ("", None)}


def _alike(plan: Plan, filename: str) -> bool:
    return bool(plan.settings.get("key") or plan.settings.get("create")) and plan.settings.get(
        "stem", _stem(filename)
    ) == _stem(filename)


def is_past(table: Table, plan: Plan, viewer: Viewer, metrics: Sequence[Metric]) -> bool:
    """Whether a whole file ends before what its metrics already have: somebody brings their history in."""
    latest = [one.at for one in newest([metric.pk for metric in metrics], now=timezone.now())] if metrics else []
    last = None if table.cut or not latest else max(_moments(table, plan, viewer), default=None)
    return last is not None and last < min(latest)


def _stem(filename: str) -> str:
    """The file's name without what changes from week to week."""
    return "".join(letter for letter in Path(filename).stem.lower() if not letter.isdigit()).strip(" -_.()")


def title_from(filename: str) -> str:
    """What a file's name calls what is in it."""
    stem = Path(filename.removesuffix(".gz")).stem.replace("_", " ").replace("-", " ").strip()
    return (stem[:1].upper() + stem[1:])[:200]


def _grain(table: Table, plan: Plan, viewer: Viewer) -> str:
    if plan.one("at.year"):
        return Grain.DAY if plan.one("at.day") else Grain.MONTH
    if plan.one("at") not in table.names:
        return Grain.DAY
    return analysis.guess_grain(_moments(table, plan, viewer))


def _moments(table: Table, plan: Plan, viewer: Viewer) -> list[datetime]:
    column, tz = plan.one("at"), viewer.workspace.timezone
    if column not in table.names:
        return []
    found = read_columns(table, {column: "moment"}, tz=tz, date_order=plan.date_order or "ymd")  # type: ignore[arg-type]
    return found.frame[column].drop_nulls().to_list()
