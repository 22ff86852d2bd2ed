"""What is wrong with a file, said by row and column, in the reader's language.

A complaint keeps its English sentence and its values apart: a worker finds it, the database stores it, and each reader
gets it in his own language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong. ``row`` counts as a spreadsheet shows it: the header is row 1; None means the file."""

    row: int | None
    column: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence in the active language, without row and column."""
        return gettext(self.text) % self.values if self.values else gettext(self.text)

    def __str__(self) -> str:
        if self.row is None:
            return self.message
        if not self.column:
            return gettext("Row %(row)s: %(message)s") % {"row": self.row, "message": self.message}
        return gettext("Row %(row)s, column “%(column)s”: %(message)s") % {
            "row": self.row,
            "column": self.column,
            "message": self.message,
        }

    def as_error(self) -> dict[str, Any]:
        """The shape of an item of ``errors`` in the API's problem details."""
        return {"row": self.row, "column": self.column, "field": self.column, "message": self.message}

    def packed(self) -> dict[str, Any]:
        """As JSON, untranslated, to be stored with a job; ``Complaint.unpacked`` reads it."""
        return {"row": self.row, "column": self.column, "text": self.text, "values": dict(self.values)}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Self:
        """A complaint from what ``packed`` made of it."""
        return cls(packed["row"], packed["column"], packed["text"], packed.get("values") or {})


class UploadError(Exception):
    """The file as a whole can't be read. ``str()`` says why and what to do, in the active language."""

    def __init__(self, text: str, **values: Any) -> None:
        self.complaint = Complaint(None, "", text, values)
        super().__init__(text)

    @property
    def message(self) -> str:
        """The sentence in the active language."""
        return self.complaint.message

    def __str__(self) -> str:
        return self.message


class Unreadable(ValueError):
    """One cell can't be read as what it should be; ``text`` is the complaint about it, ``values`` its facts."""

    def __init__(self, text: str, **values: Any) -> None:
        self.text = text
        self.values = values
        super().__init__(text)


class Complaints:
    """Collects complaints: all are counted, the first ``keep`` are kept, in order of their rows in the end."""

    def __init__(self, keep: int = 200) -> None:
        self.keep = keep
        self.total = 0
        self.kept: list[Complaint] = []

    @property
    def room(self) -> int:
        """How many more are worth making in detail."""
        return max(self.keep - len(self.kept), 0)

    def add(self, complaint: Complaint) -> None:
        self.total += 1
        if self.room:
            self.kept.append(complaint)

    def add_uncounted(self, number: int) -> None:
        """Count complaints that nobody would read any more."""
        self.total += number

    def in_order(self) -> list[Complaint]:
        return sorted(self.kept, key=lambda complaint: complaint.row or 0)


TOO_LARGE = _("The file is larger than %(limit)s MB. Split it, or ask your administrator to raise the limit.")
TOO_MANY_ROWS = _("The file has more than %(limit)s rows. Split it into smaller files.")
TOO_MANY_COLUMNS = _("The file has %(count)s columns; at most %(limit)s can be read.")
EMPTY = _("The file is empty.")
NO_HEADER = _("The file has no header row: the first row must name the columns.")
NOT_A_TABLE = _("This is not a table we can read. Save it as CSV or as an Excel workbook (.xlsx) and try again.")
OLD_EXCEL = _(
    "This is an old Excel file (.xls) or one protected by a password. Save it as an Excel workbook (.xlsx) without a "
    "password and try again."
)
BROKEN_WORKBOOK = _("The workbook is damaged and can't be opened. Save it again in Excel and try once more.")
SWOLLEN = _("The workbook unpacks to far more than a table needs, so it was not opened.")
NO_SUCH_SHEET = _("The workbook has no sheet named “%(sheet)s”.")
WRONG_ENCODING = _("The file is not written in %(encoding)s (first wrong character at byte %(byte)s).")
UNKNOWN_ENCODING = _("The encoding “%(encoding)s” is not known.")
BAD_ROW_LENGTH = _("This row has %(count)s cells, but the header has %(expected)s.")
LONG_CELL = _("A cell is longer than %(limit)s characters. Is a quotation mark missing?")

BLANK = _("The cell is empty.")
NO_SUCH_COLUMN = _("The file has no column named “%(column)s”.")
NOT_A_NUMBER = _("“%(value)s” is not a number.")
NOT_FINITE = _("“%(value)s” is not a number that can be counted with.")
NOT_A_MOMENT = _("“%(value)s” is not a date or time we can read.")
NO_SUCH_DAY = _("“%(value)s” is not a day of the calendar.")
OUT_OF_RANGE = _("“%(value)s” lies outside the years 1900 to 2200.")
ORDER_UNCLEAR = _("Is “%(value)s” day first or month first? Choose the order of the dates.")
ORDER_MIXED = _("Some dates put the day first and others the month. Write all of them the same way.")
MOVED_BY_CLOCK = _(
    "The clocks went forward at “%(value)s”, so that time does not exist; it was read as the time the clocks showed."
)
