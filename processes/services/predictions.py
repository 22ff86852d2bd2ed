"""Predict before doing: simulate a process as it is and as it would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import calendars, jobs, live
from opsboard.core.models import User
from processes.analysis import bpmn, simulation
from processes.analysis.simulation import Figures, Model, Move, Prediction, Refused
from processes.models import EventLog, Process, Simulation
from processes.services.measuring import read_rows, remembered

if TYPE_CHECKING:
    from processes.analysis.bpmn import Document
    from processes.analysis.simulation import Events

COLUMNS: Final = ("case", "activity", "start", "end", "resource", "order")
# Of a long log the newest cases say enough.
MOST_CASES: Final = 20_000
MOST_SIMULATED: Final = 10_000
MOST_MOVES: Final = 30
# Where nobody asks for a number: so many cases in all, in at most so many runs. The first answer stands on a few.
CASES_IN_ALL: Final = 60_000
RUNS: Final = (6, 30)
FIRST_CASES: Final = 1000
FIRST_RUNS: Final = 3
AS_MODELLED: Final = 1  # of what is kept: rises when the model changes


def _sentences() -> dict[str, str]:
    return {
        "unknown_move": _("There is no change called “%(one)s”."),
        "unknown_step": _("There is no step “%(one)s” in this process."),
        "unknown_role": _("There is no role “%(one)s” in this process."),
        "no_steps": _("Say which step."),
        "one_step": _("This takes two steps or more."),
        "no_role": _("Say which role."),
        "no_factor": _("Say how many times as long or as often, such as 0.5 for half."),
        "no_change": _("Say how many people more or fewer."),
        "nobody_left": _("Nobody would be left in the role “%(one)s”."),
        "nothing_left": _("Nothing would be left of the process."),
        "never_adjacent": _("These steps never follow one another directly, so they cannot be put together."),
        "decision": _("What happens after “%(one)s” is decided there, so the next step cannot begin before it ends."),
        "needed": _("“%(two)s” works on what “%(one)s” puts out, so it cannot do without it."),
        "no_people": _("The log does not say who did the work, so people cannot be counted."),
        "no_times": _("The log does not say when work began, so working time is not known apart from waiting."),
    }


def why_refused(refusal: Refused) -> str:
    """The reason in a sentence."""
    one, two = (*refusal.about, "", "")[:2]
    return _sentences()[refusal.reason] % {"one": one, "two": two}


@transaction.atomic
def order_simulation(
    *, process: Process, log: EventLog | None, moves: Sequence[Mapping[str, Any]], by: User | None, now: datetime,
    cases: int | None = None, replications: int | None = None, a_month: float | None = None,
) -> Simulation:  # fmt: skip
    """Writes down what is asked and starts the work. Without a log the drawing and `a_month` cases must do."""
    if len(moves) > MOST_MOVES:
        raise ValidationError({"moves": _("At most %(count)s changes in one prediction.") % {"count": MOST_MOVES}})
    if log is None:
        if process.drawing is None:
            raise ValidationError(
                _("Bring in an event log or draw the process first: there is nothing to simulate yet.")
            )
        a_month = a_month or simulation.volume_of(_document(process)) or None
        if a_month is None:
            raise ValidationError({"a_month": _("Say how many cases a month there are.")})
    row = Simulation(
        workspace=process.workspace, process=process, log=log, moves=[_tidy(move) for move in moves], cases=cases,
        replications=replications, a_month=a_month if log is None else None, by=by, created_at=now,
    )  # fmt: skip
    row.full_clean()
    row.save()
    row.job = jobs.start(
        task="processes.tasks.simulate", title=_("Prediction: %(process)s") % {"process": process.name},
        workspace=process.workspace, by=by, now=now, about=process, url=row.get_absolute_url(), simulation=row.pk,
    )  # fmt: skip
    row.save(update_fields=["job"])
    return row


def _tidy(move: Mapping[str, Any]) -> dict[str, Any]:
    """A move as it is kept: what was left open is left out."""
    known = ("move", "steps", "role", "change", "factor", "seconds")
    return {name: move[name] for name in known if move.get(name) not in (None, "", [], ())}


def moves_of(row: Simulation) -> list[Move]:
    return [
        Move(
            one["move"], tuple(one.get("steps", ())), one.get("role", ""), int(one.get("change", 0)), one.get("factor"),
            one.get("seconds"),
        )
        for one in row.moves
    ]  # fmt: skip


def simulate(*, row: Simulation, told: Callable[[float, str], None] | None = None) -> dict[str, Any]:
    """What comes of it, first after a few runs (kept at once), then after all. Raises `jobs.Refused` with the reason."""
    told = told or (lambda _share, _words: None)
    moves = moves_of(row)
    try:
        model = model_of(row.process, row.log, row.a_month)
        needs = simulation.needs_of(_document(row.process)) if row.process.drawing else {}
        cases = row.cases or min(model.cases, MOST_SIMULATED)
        runs = row.replications or max(RUNS[0], min(RUNS[1], CASES_IN_ALL // cases))
        told(0.05, _("Simulating"))
        if cases * runs > 4 * FIRST_CASES * FIRST_RUNS:
            first = simulation.predict(
                model, moves, cases=min(cases, FIRST_CASES), replications=FIRST_RUNS, needs=needs
            )
            _keep_first(row, {**_told(row, model, first), "first": True})
        found = simulation.predict(
            model, moves, cases=cases, replications=runs, needs=needs,
            told=lambda share: told(0.1 + 0.8 * share, _("Simulating")),
        )  # fmt: skip
    except Refused as refusal:
        raise jobs.Refused(why_refused(refusal)) from refusal
    except OverflowError as refusal:
        raise jobs.Refused(_("There would be far more to do than people can: the line grows without end.")) from refusal
    except simulation.Stuck as refusal:
        raise jobs.Refused(
            _("Work does not reach an end on this drawing. Mend what the drawing's check says first.")
        ) from refusal
    told(0.92, _("Checking against the end of the log"))
    result = _told(row, model, found)
    check = backtest_of(row.log) if row.log else None
    result["backtest_error"] = check["error"] if check else None
    result["backtest"] = check
    return result


def _keep_first(row: Simulation, result: dict[str, Any]) -> None:
    """Seen while the rest is still being counted."""
    row.result = result
    Simulation.objects.filter(pk=row.pk, finished_at=None).update(result=result)
    live.changed(row.workspace, "processes")


def finish_simulation(*, row: Simulation, result: dict[str, Any], now: datetime) -> None:
    row.result, row.finished_at = result, now
    row.save(update_fields=["result", "finished_at"])
    live.changed(row.workspace, "processes")


def _told(row: Simulation, model: Model, found: Prediction) -> dict[str, Any]:
    currency = row.process.workspace.currency
    return {
        "as_is": _figures(found.as_is, currency),
        "to_be": _figures(found.to_be, currency),
        "change": {"mean": found.change, "interval": list(found.change_interval)},
        "backtest_error": None,
        "cases": found.cases,
        "replications": found.replications,
        "estimate": model.estimate,
        "learnt_from": {"cases": model.cases, "fits": model.fits, "people": len(model.people)},
        "roles": [
            {"role": one.name, "people": len(one.people), "hours_a_week": one.weekly.hours} for one in model.roles
        ],
    }


def _figures(figures: Figures, currency: str) -> dict[str, Any]:
    def money(amount: float) -> dict[str, str]:
        return {"amount": f"{amount:.2f}", "currency": currency}

    cost = None
    if figures.cost is not None and figures.cost_interval is not None:
        cost = {**money(figures.cost), "interval": [f"{one:.2f}" for one in figures.cost_interval]}
    return {
        "lead_time": {
            "mean": figures.mean, "p50": figures.p50, "p90": figures.p90, "interval": list(figures.interval),
        },
        "cost": cost,
        "load": figures.load,
        "load_interval": {role: list(interval) for role, interval in figures.load_interval.items()},
    }  # fmt: skip


# --- what the model is made of --------------------------------------------------------------------------------------------


def _document(process: Process) -> Document:
    drawing = process.drawing
    if drawing is None:
        raise ValidationError(_("Nothing is drawn yet."))
    return bpmn.read(drawing.bpmn.encode())


def volume_of(process: Process) -> float | None:
    """How many cases a month are typed on the drawing."""
    return simulation.volume_of(_document(process)) if process.drawing else None


def _version(process: Process) -> int:
    drawing = process.drawing
    return drawing.number if drawing else 0


def events_of(log: EventLog) -> Events:
    rows = read_rows(log=log, columns=COLUMNS)
    if log.cases > MOST_CASES:
        rows = simulation.newest_cases(rows, MOST_CASES)
    return simulation.read_events(rows, zone=log.process.workspace.timezone)


def _drawn(process: Process) -> Any:
    return simulation.drawn_map(_document(process)) if process.drawing else None


def model_of(process: Process, log: EventLog | None, a_month: float | None = None) -> Model:
    """The model of a process as it is, with what people said of their costs."""
    if log is None:
        model = _estimated(process, a_month or 1.0)
    else:

        def fitted() -> Model:
            events, drawn = events_of(log), _drawn(process)
            roles = simulation.roles_of_people(events, drawn) if drawn else None
            return simulation.fit(events, drawn, roles=roles)

        model = remembered(log, f"model {AS_MODELLED} {_version(process)} {process.workspace.timezone}", fitted)
        if process.drawing:
            rows = {row.name: row.cost for row in bpmn.steps(_document(process))}
            for step in model.steps:
                step.cost = simulation.amount(rows.get(step.name, ""))
    for said in process.staffing.all():
        number = model.role(said.role)
        if number is not None and said.cost_an_hour is not None:
            model.roles[number].cost_per_hour = float(said.cost_an_hour)
    return model


def _estimated(process: Process, a_month: float) -> Model:
    staff = {
        said.role: simulation.Staff(
            said.people or 1, float(said.cost_an_hour) if said.cost_an_hour is not None else None, _hours(said.hours)
        )
        for said in process.staffing.all()
    }
    document = _document(process)
    return simulation.estimate(
        simulation.drawn_map(document), simulation.typed_of(document), a_month=a_month, staff=staff,
        hours=simulation.weekly(process.workspace.calendar.week),
    )  # fmt: skip


def _hours(typed: Mapping[str, Any]) -> simulation.Weekly | None:
    if not typed:
        return None
    try:
        return simulation.weekly(calendars.WorkCalendar.from_json(typed).week)
    except calendars.CalendarError:
        return None


def backtest_of(log: EventLog) -> dict[str, Any] | None:
    """How far the model, learnt from the first 70 % of the cases, was from the mean lead time of the rest."""

    def tested() -> dict[str, Any]:
        events, drawn = events_of(log), _drawn(log.process)
        roles = simulation.roles_of_people(events, drawn) if drawn else None
        found = simulation.backtest(events, drawn, roles=roles)
        if found is None:
            return {}
        return {"error": found.error, "real": found.real, "predicted": found.predicted, "cases": found.cases}

    return (
        remembered(log, f"backtest {AS_MODELLED} {_version(log.process)} {log.process.workspace.timezone}", tested)
        or None
    )


def choices_of(process: Process, log: EventLog | None) -> dict[str, list[str]]:
    """The steps and roles that a move may name."""
    if log is None:
        drawn = _drawn(process)
        if drawn is None:
            return {"steps": [], "roles": []}
        names = [node.name for node in drawn.tasks() if node.name]
        return {"steps": names, "roles": list(dict.fromkeys(node.role for node in drawn.tasks() if node.role))}

    def found() -> dict[str, list[str]]:
        model = model_of(process, log)
        return {"steps": simulation.in_order(model), "roles": [one.name for one in model.roles]}

    return remembered(log, f"choices {AS_MODELLED} {_version(process)}", found)
