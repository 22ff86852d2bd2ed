"""What a watch makes of a period that still runs: a day before its evening."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from opsboard.alerts.analysis.ticks import end_of
from opsboard.core import written
from opsboard.core.periods import local_day

if TYPE_CHECKING:
    from opsboard.core.models import Workspace

HOUR: Final = 3600
LONG: Final = 86_400  # from such periods on people expect an answer before they end
SUMS: Final = ("", "sum", "count")  # what only grows while its period runs, or of which nobody knows


class Running:
    """Of a watch: whether it judges a running period, or waits for its end, and how that is said."""

    kind: str
    op: str
    aggregation: str
    grain_seconds: int
    out_of: int
    so_far: bool
    workspace: Workspace

    @property
    def stands_open(self) -> bool:
        """Whether it judges the newest bucket as it stands, whether that has ended or not."""
        return bool(self.so_far or self.kind == "stale" or self.aggregation == "last")

    @property
    def may_be_early(self) -> bool:
        """Whether a bucket that has not ended may set it off already.

        A sum above its threshold stays there; what is averaged over less than an hour is news. All else waits for the end.
        """
        if self.kind != "value" or not self.grain_seconds or self.out_of > 1:
            return False
        if self.aggregation == "sum":
            return self.op in (">", ">=")
        return self.grain_seconds < HOUR and self.op in (">", ">=")

    @property
    def waits(self) -> bool:
        """Whether a value of a period that still runs is judged only when that is over."""
        return bool(self.grain_seconds) and not self.stands_open and not self.may_be_early

    @property
    def asks_so_far(self) -> bool:
        """Whether it makes a difference to judge the running period as well."""
        was, self.so_far = self.so_far, False
        try:
            return self.waits
        finally:
            self.so_far = was

    @property
    def best_so_far(self) -> bool:
        """Whether the running period had better be judged: the average of a day can be bad in the morning."""
        return (
            self.asks_so_far
            and self.kind == "value"
            and self.grain_seconds >= LONG
            and self.aggregation not in SUMS
        )  # fmt: skip

    def days_of(self, first: datetime | None, last: datetime | None = None) -> str:
        """The days that buckets of a day or longer stand for: `18 Oct`, `12 Oct – 18 Oct`; nothing for finer ones."""
        if first is None or self.grain_seconds < LONG:
            return ""
        zone = self.workspace.zone
        end = end_of(last or first, self.grain_seconds, zone) - timedelta(microseconds=1)
        begins, ends = local_day(first, zone), local_day(end, zone)
        return written.day(begins) if begins == ends else f"{written.day(begins)} – {written.day(ends)}"

    @property
    def running_words(self) -> dict[str, str]:
        """The box that has the running period judged, what that does, and when it is judged otherwise."""
        match self.grain_seconds:
            case 3600:
                return {
                    "label": _("Judge the hour that still runs"),
                    "hint": _(
                        "A value for this hour is judged at once. Without the tick it waits until the hour is over."
                    ),
                    "waits": _("judged when the hour is over"),
                    "saved": _("The hour that still runs is judged when it is over."),
                }
            case 86_400:
                return {
                    "label": _("Judge the day that still runs"),
                    "hint": _("A value for today is judged at once. Without the tick it waits until the day is over."),
                    "waits": _("judged when the day is over"),
                    "saved": _("The day that still runs is judged when it is over."),
                }
            case 604_800:
                return {
                    "label": _("Judge the week that still runs"),
                    "hint": _(
                        "A value for this week is judged at once. Without the tick it waits until the week is over."
                    ),
                    "waits": _("judged when the week is over"),
                    "saved": _("The week that still runs is judged when it is over."),
                }
            case 2_592_000:
                return {
                    "label": _("Judge the month that still runs"),
                    "hint": _(
                        "A value for this month is judged at once. Without the tick it waits until the month is over."
                    ),
                    "waits": _("judged when the month is over"),
                    "saved": _("The month that still runs is judged when it is over."),
                }
        return {
            "label": _("Judge the period that still runs"),
            "hint": _("A value for it is judged at once. Without the tick it waits until the period is over."),
            "waits": _("judged when the period is over"),
            "saved": _("The period that still runs is judged when it is over."),
        }
