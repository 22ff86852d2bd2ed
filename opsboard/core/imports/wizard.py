"""The pages of an import, for any app: choose a file, say what its columns are, watch it come in."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import jobs
from opsboard.core.access import Request
from opsboard.core.forms import say, zones
from opsboard.core.imports import importer as engine
from opsboard.core.imports.importer import Importer, may_see
from opsboard.core.imports.plans import READING, Plan, check, roles
from opsboard.core.lists import Echo, plain
from opsboard.core.models import ImportRun, Job
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.uploads import Table, UploadError

ROWS = 8
ENCODINGS = ("utf-8", "gb18030", "utf-16", "cp1252", "big5", "shift_jis")
DELIMITERS = {
    ",": gettext_lazy("Comma"),
    ";": gettext_lazy("Semicolon"),
    "\t": gettext_lazy("Tab"),
    "|": gettext_lazy("Bar"),
}
ORDERS = {
    "ymd": gettext_lazy("Year, month, day"),
    "dmy": gettext_lazy("Day, month, year"),
    "mdy": gettext_lazy("Month, day, year"),
}
UPLOAD = gettext_lazy("Upload a spreadsheet")
FILE_TYPES = ".csv,.tsv,.txt,.xlsx,.xlsm,.gz,text/csv"


class UploadForm(forms.Form):
    """`data-limit` lets the page say that a file is too large before it is sent."""

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        help_text=gettext_lazy("CSV or Excel (.xlsx) with a row of headings; a title above it does no harm."),
        widget=forms.FileInput(attrs={"accept": FILE_TYPES, "class": "drop"}),
    )

    def __init__(self, *args: Any, wizard: Wizard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        file = self.fields["file"]
        limit = wizard.importer.limits.max_bytes
        file.widget.attrs |= {
            "accept": wizard.file_types, "data-limit": limit,
            "data-too-large": _("The file is larger than %(limit)s MB. Split it into smaller files.") % {"limit": limit // 1_000_000},
        }  # fmt: skip
        file.label = wizard.file_label or file.label
        most = _("At most %(limit)s MB.") % {"limit": limit // 1_000_000}
        file.help_text = f"{wizard.file_help or file.help_text} {most}"


class ReadingForm(forms.Form):
    """How the bytes are read. What was found out is the start value; people correct it."""

    encoding = forms.ChoiceField(label=gettext_lazy("Characters"), required=False)
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Columns are parted by"), required=False, choices=list(DELIMITERS.items())
    )
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimals are written"), required=False, choices=[(".", "1,234.5"), (",", "1.234,5")]
    )
    date_order = forms.ChoiceField(
        label=gettext_lazy("Dates are written"),
        required=False,
        choices=[("", gettext_lazy("as the file shows")), *ORDERS.items()],
    )
    timezone = forms.ChoiceField(label=gettext_lazy("Times are meant in"), required=False, choices=zones)
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)

    def __init__(self, data: Any = None, *, table: Table, plan: Plan, tz: str, ambiguous: bool) -> None:
        start = {
            "encoding": plan.encoding or table.encoding,
            "delimiter": plan.delimiter or table.delimiter,
            "decimal": plan.decimal or table.decimal,
            "date_order": plan.date_order,
            "timezone": plan.timezone or tz,
            "sheet": plan.sheet or table.sheet,
        }
        super().__init__(data, initial=start)
        self.fields["encoding"].choices = [  # type: ignore[attr-defined]
            (name, name.upper()) for name in dict.fromkeys((start["encoding"], *ENCODINGS)) if name
        ]
        self.fields["timezone"].choices = [(tz, tz.replace("_", " ")), *zones()]  # type: ignore[attr-defined]
        if table.sheet:
            self.fields["sheet"].choices = [(name, name) for name in table.sheets]  # type: ignore[attr-defined]
            del self.fields["encoding"], self.fields["delimiter"]
        else:
            del self.fields["sheet"]
        if ambiguous:
            self.fields["date_order"].required = True
            self.fields["date_order"].error_messages["required"] = _(
                "Choose the order of the dates: it can't be told from them."
            )
            self.fields["date_order"].choices = [("", _("Please choose")), *ORDERS.items()]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Wizard:
    """The pages of one importer. `new` and `run` are the addresses that the app gave them; `form` its own questions.

    `form(data, viewer=, table=, plan=, filename=)` must offer `settings() -> dict` once it is valid.
    """

    importer: Importer
    new: str
    run: str
    form: Any
    crumb: tuple[str, Any]
    lead: Any = ""
    script: str = ""
    where: str = "core/imports/_where.html"  # draws `form`: where the values go
    variants: tuple[Wizard, ...] = ()  # other ways to read a file, each for files that it recognises
    recognise: Callable[[Table], Any] | None = None  # what the file is, such as “a Shopify orders export”, or nothing
    after: str = ""  # draws what came of a file that is in, and what can be done with it next
    came: Callable[[Request, Job, str], Mapping[str, Any]] | None = (
        None  # what `after` needs of the job and the file's name
    )
    title: Any = UPLOAD
    file_types: str = FILE_TYPES
    file_label: Any = ""
    file_help: Any = ""
    go_on: bool = False  # who waits for an import that needs no more words is taken to what came of it
    known: Callable[[Request], Mapping[str, Any]] | None = None  # settings that the address of the upload says

    def upload(self, request: Request) -> HttpResponse:
        files = (posted(request), request.FILES or None) if request.method == "POST" else ()
        form = UploadForm(*files, wizard=self)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                run = engine.receive(
                    self.importer, workspace=request.workspace, by=request.user, file=file, name=file.name,
                    size=file.size, now=timezone.now(),
                )  # fmt: skip
            except ValidationError as refusal:
                say(form, refusal)
            else:
                if self.known and (settings := dict(self.known(request))):
                    run.mapping = Plan(settings=settings).packed()
                    run.save(update_fields=["mapping"])
                if engine.whole_file(self.importer, run):
                    return self._start(request, run, Plan.unpacked(run.mapping), None, timezone.now())
                self._choose_variant(run)
                return done(request, engine.url_of(self.run, request.workspace, pk=run.pk), go=True)
        context = {**self._context(), "form": form, "runs": self._recent(request)}
        answer = refused if request.method == "POST" else page
        return answer(request, "core/imports/upload.html", context)

    def _choose_variant(self, run: ImportRun) -> None:
        if not self.variants:
            return
        table = engine.glance(run, Plan(), self.importer.limits)
        for one in self.variants:
            if one.recognise and one.recognise(table):
                run.importer = one.importer.key
                run.save(update_fields=["importer"])
                return

    def show(self, request: Request, pk: int) -> HttpResponse:
        run = self._find(request, pk)
        wanted = request.POST.get("importer") if request.POST.get("step") == "other" else None
        if wanted in self._keys() and (run.job is None or run.job.finished):
            ImportRun.objects.filter(pk=run.pk).update(importer=wanted, mapping={}, job=None)
            return done(request, request.path, go=True)
        fitting = next((one for one in self.variants if one.importer.key == run.importer), self)
        return replace(fitting, variants=()).show_run(request, run, other=self)

    def show_run(self, request: Request, run: ImportRun, *, other: Wizard) -> HttpResponse:
        whole = run.job is not None and engine.whole_file(self.importer, run)
        if run.job is not None and (whole or (request.method == "GET" and "edit" not in request.GET)):
            if request.GET.get("complaints") == "csv":
                return complaints_csv(run)
            job = jobs.look(run.job)
            fine = job.state == Job.State.DONE and job.url and not job.result.get("notes")
            if self.go_on and fine and request.htmx:
                return done(request, job.url, go=True)
            context = {**self._context(), "run": run, "job": job, "here": request.path, "whole": whole}
            if self.came and job.state == Job.State.DONE:
                context |= {"after": self.after, **self.came(request, job, run.file.name if run.file else "")}
            return page(request, "core/imports/result.html", context, part="core/imports/_result.html")
        return self._mapping(request, run, other)

    # --- the mapping -------------------------------------------------------------------------------------------------

    def _mapping(self, request: Request, run: ImportRun, other: Wizard) -> HttpResponse:
        posted = request.POST if request.method == "POST" else None
        plan = Plan.unpacked(run.mapping)
        if posted is not None:
            plan = Plan.unpacked({name: posted.get(name, "")[:60] for name in READING})
        try:
            table = engine.glance(run, plan, self.importer.limits)
        except UploadError as fault:
            table, posted = engine.glance(run, Plan(), self.importer.limits), None
            plan, trouble = Plan(), str(fault)
        else:
            trouble = ""
        plan = self._planned(request, run, plan, table, posted)
        tz = self.importer.zone(request.workspace, plan)
        times = plan.moments(self.importer.fields)
        ambiguous = any(table.guesses[name].ambiguous for name in times if name in table.names)
        reading = ReadingForm(posted, table=table, plan=plan, tz=tz, ambiguous=ambiguous)
        form = self.form(posted, viewer=request.viewer, table=table, plan=plan, filename=table.filename)
        if posted is not None and posted.get("step") == "import":
            sound = reading.is_valid() and form.is_valid()
            problem = self._problem(plan, table)
            if sound and not problem:
                return self._start(request, run, plan, form, timezone.now())
            trouble = trouble or problem
        elif posted is not None:  # read again with other choices: nothing is wrong yet
            reading = ReadingForm(None, table=table, plan=plan, tz=tz, ambiguous=ambiguous)
            form = self.form(None, viewer=request.viewer, table=table, plan=plan, filename=table.filename)
        unsure = ambiguous or not table.encoding_sure or not table.decimal_sure
        context = {
            **self._context(), "run": run, "table": table, "columns": columns_of(self.importer, plan, table), "reading": reading,
            "looks_like": self._looks_like(table, other), "form": form, "trouble": trouble, "open": unsure or bool(reading.errors), "ambiguous": ambiguous,
            "lines": lines_of(table), "where": self.where,
        }  # fmt: skip
        if posted is not None and posted.get("step") == "import":
            return refused(request, "core/imports/mapping.html", context)
        return page(request, "core/imports/mapping.html", context)

    def _planned(self, request: Request, run: ImportRun, plan: Plan, table: Table, posted: Any) -> Plan:
        if posted is None:
            if plan.columns:
                return plan
            earlier = engine.remembered(self.importer, request.workspace, table)
            if earlier:
                known = {**earlier.settings, **plan.settings}
                return replace(earlier, encoding="", delimiter="", sheet="", settings=known)
            return engine.completed(self.importer, request.workspace, plan, table)
        return plan_from_post(self.importer, table, posted)

    def _problem(self, plan: Plan, table: Table) -> str:
        try:
            check(self.importer.fields, plan, table.names, self.importer.check)
        except ValidationError as refusal:
            return " ".join(refusal.messages)
        return ""

    def _start(self, request: Request, run: ImportRun, plan: Plan, form: Any, now: datetime) -> HttpResponse:
        here = engine.url_of(self.run, request.workspace, pk=run.pk)
        if run.job is None or run.job.finished:
            if form is not None:
                plan = replace(plan, settings=form.settings())
            engine.start(self.importer, run=run, plan=plan, by=request.user, now=now, url=here)
        return done(request, here, go=True)

    def _looks_like(self, table: Table, other: Wizard) -> dict[str, Any] | None:
        """What the file was recognised as, and how it is read the other way."""
        for one in other.variants:
            if one.recognise and (what := one.recognise(table)):
                here = one.importer.key == self.importer.key
                return {"what": what, "here": here, "importer": other.importer.key if here else one.importer.key}
        return None

    # --- finding -----------------------------------------------------------------------------------------------------

    def _keys(self) -> list[str]:
        return [self.importer.key, *(one.importer.key for one in self.variants)]

    def _find(self, request: Request, pk: int) -> ImportRun:
        run = (
            ImportRun.objects.visible_to(request.viewer)
            .filter(importer__in=self._keys(), pk=pk)
            .select_related("file", "job", "job__workspace", "job__by", "workspace", "by")
            .first()
        )
        if run is None or not may_see(request.viewer, run):
            raise Http404
        found: ImportRun = run
        return found

    def _recent(self, request: Request) -> Sequence[dict[str, Any]]:
        rows = (
            ImportRun.objects.visible_to(request.viewer)
            .filter(importer__in=self._keys(), job__isnull=False)
            .select_related("file", "job", "by")
        )
        if request.viewer.team_ids is not None:
            rows = rows.filter(by=request.user)
        return [
            {"run": row, "url": engine.url_of(self.run, request.workspace, pk=row.pk)}
            for row in rows.order_by("-pk")[:8]
        ]

    def _context(self) -> dict[str, Any]:
        return {
            "importer": self.importer, "new_address": self.new, "crumb_address": self.crumb[0],
            "crumb_name": self.crumb[1], "lead": self.lead, "script": self.script, "file_types": self.file_types,
            "upload_title": self.title,
        }  # fmt: skip


def plan_from_post(importer: Importer, table: Table, posted: Any) -> Plan:
    """What somebody says of each column of a table, and of how it is read."""
    plan = Plan.unpacked({name: posted.get(name, "")[:60] for name in READING})
    known = {role for role, _title, _one in roles(importer.fields)}
    columns: dict[str, tuple[str, ...]] = {}
    for place, name in enumerate(table.names):
        role = posted.get(f"column_{place}", "")
        if role in known:
            columns[role] = (*columns.get(role, ()), name)
    return replace(plan, columns=columns)


def columns_of(importer: Importer, plan: Plan, table: Table) -> list[dict[str, Any]]:
    """Each column of a table with its role and those it could have."""
    choices = [(role, title) for role, title, _one in roles(importer.fields)]
    return [
        {"name": name, "place": place, "role": plan.role_of(name), "choices": choices,
         "number": table.guesses[name].kind == "number"}
        for place, name in enumerate(table.names)
    ]  # fmt: skip


def lines_of(table: Table) -> list[tuple[int, list[tuple[str, bool]]]]:
    """The first rows: their numbers, and each cell with whether it stands in a column of numbers."""
    numeric = [table.guesses[name].kind == "number" for name in table.names]
    numbers = table.rows.head(ROWS).to_list()
    return [(at, list(zip(row, numeric, strict=True))) for at, row in zip(numbers, table.preview(ROWS), strict=True)]


def complaints_csv(run: ImportRun) -> HttpResponse:
    """What is wrong, as a file to work through beside the spreadsheet."""
    writer = csv.writer(Echo())
    errors = run.job.errors if run.job else []

    def lines() -> Any:
        yield "\ufeff" + writer.writerow([_("Row"), _("Column"), _("What is wrong")])
        for one in errors:
            yield writer.writerow([one.get("row") or "", plain(one.get("column") or ""), plain(one.get("message"))])

    response = HttpResponse("".join(lines()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="complaints-{run.pk}.csv"'
    return response
