"""What metrics give the others."""

from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics.contract import boards
from metrics.contract.keeping_up import age_catalogue, find_no_data, find_no_owner, read_age
from metrics.contract.numbers import catalogue, history, read
from metrics.contract.recording import record_point
from metrics.contract.rows import datasets, metrics_by_name, movements_by_name, rows
from metrics.contract.signals import find_signals
from metrics.contract.starting import furnish
from metrics.contract.waiting import INDICATORS, lists_by_name
from metrics.contract.week import find_off_target, tell_week
from metrics.forms import RecordForm
from metrics.services import TRADES, follow_closed, follow_points, follow_reopened
from opsboard.core.contract import (
    Contract,
    Dataset,
    Effect,
    Event,
    Every,
    Fact,
    Finding,
    Home,
    Indicator,
    Part,
    Reaction,
    Section,
    Starter,
    Thing,
)

METRIC = (Fact("metric", gettext_lazy("Key")),)

contract = Contract(
    title=gettext_lazy("Metrics"),
    home=Home(
        "metrics:metric_list",
        Part.FIND,
        "chart-line",
        20,
        hint=gettext_lazy("From a spreadsheet to a number that decides: course, target, who looks after it."),
        begin="metrics:new_import",
    ),
    indicators=(
        Indicator("metrics.value", gettext_lazy("Value of a metric"), catalogue, read, history, snapshot=False),
        Indicator("metrics.age", gettext_lazy("Age of the newest value"), age_catalogue, read_age),
        *INDICATORS,
    ),
    events=(
        Event("metrics.metric_created", gettext_lazy("A metric was created"), METRIC),
        Event("metrics.metric_changed", gettext_lazy("A metric was changed"), METRIC),
        Event("metrics.metric_archived", gettext_lazy("A metric was archived"), METRIC),
        Event(
            "metrics.points_written",
            gettext_lazy("Values of a metric came in"),
            (
                *METRIC,
                Fact("written", gettext_lazy("New values"), "number"),
                Fact("revised", gettext_lazy("Revised values"), "number"),
                Fact("first", gettext_lazy("From"), "moment"),
                Fact("last", gettext_lazy("To"), "moment"),
                Fact("backfill", gettext_lazy("History brought in"), "flag"),
            ),
        ),
        Event(
            "metrics.source_failed",
            gettext_lazy("A source could not be read"),
            (Fact("source", pgettext_lazy("of values", "Source")), Fact("reason", gettext_lazy("Reason"))),
        ),
        Event(
            "metrics.source_recovered",
            gettext_lazy("A source is read again"),
            (Fact("source", pgettext_lazy("of values", "Source")),),
        ),
        Event(
            "metrics.waiting_changed",
            gettext_lazy("Something began or ceased to wait"),
            (
                Fact("list", gettext_lazy("Key")),
                Fact("opened", gettext_lazy("Newly waiting"), "number"),
                Fact("closed", gettext_lazy("Dealt with"), "number"),
            ),
        ),
        Event(
            "metrics.journal_entry_written",
            gettext_lazy("A movement was written into the journal"),
            (*METRIC, Fact("cause", gettext_lazy("Cause")), Fact("owner", gettext_lazy("Owner"), "person")),
        ),
        Event(
            "metrics.journal_entry_changed",
            gettext_lazy("A journal entry was changed"),
            (*METRIC, Fact("cause", gettext_lazy("Cause"))),
        ),
        Event(
            "metrics.journal_entry_proven",
            gettext_lazy("The numbers say whether a change helped"),
            (
                *METRIC,
                Fact("verdict", gettext_lazy("Proof")),
                Fact("relative", gettext_lazy("Change in share"), "number"),
            ),
        ),
        Event(
            "metrics.level_answered",
            gettext_lazy("Somebody said whether a metric has a new level"),
            (
                *METRIC,
                Fact("since", gettext_lazy("Since"), "moment"),
                Fact("confirmed", gettext_lazy("Confirmed"), "flag"),
            ),
        ),
        *boards.EVENTS,
    ),
    reactions=(
        Reaction("metrics.journal_closed", "work.action_closed", follow_closed),
        Reaction("metrics.journal_points", "metrics.points_written", follow_points),
        Reaction("metrics.journal_reopened", "work.action_reopened", follow_reopened),
    ),
    margin="metrics:margin",
    effects=(Effect("metrics.record_point", gettext_lazy("Record a value"), RecordForm, record_point, icon="plus"),),
    findings=(
        Finding("metrics.off_target", gettext_lazy("Metrics off target"), find_off_target),
        Finding("metrics.no_data", gettext_lazy("Metrics without new values"), find_no_data),
        Finding("metrics.no_owner", gettext_lazy("Metrics without an owner"), find_no_owner),
        Finding("metrics.signal", gettext_lazy("Metrics out of control"), find_signals),
    ),
    sections=(
        Section("metrics.week", gettext_lazy("Metric movements"), "metrics/_section.html", tell_week, order=10),
        *boards.SECTIONS,
    ),
    datasets=(Dataset("metrics.points", datasets, rows),),
    things=(
        Thing("metrics.metrics", gettext_lazy("Metrics"), "metrics.metric", "chart-line", metrics_by_name),
        Thing("metrics.waiting", gettext_lazy("Waiting lists"), "metrics.waitinglist", "hourglass", lists_by_name),
        Thing("metrics.journal", gettext_lazy("Anomaly journal"), "metrics.movement", "notebook", movements_by_name),
        *boards.THINGS,
    ),
    starters=tuple(Starter(f"metrics.{key}", trade.title, furnish) for key, trade in TRADES.items()),
    schedule=(
        Every("metrics.tasks.start_due_sources", 30),
        Every("metrics.tasks.roll_up_where_worth", 3600),
        Every("metrics.tasks.keep_partitions", 6 * 3600),
        Every("metrics.tasks.prove_movements", 6 * 3600),
        Every("metrics.tasks.look_for_new_levels", 7 * 86_400),
    ),
)
