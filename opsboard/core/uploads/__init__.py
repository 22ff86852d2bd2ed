"""Reading CSV and XLSX safely: encodings, delimiters, sizes, previews, and complaints by row and column.

Two steps, so that a wizard can stand between them::

    table = read_table(request.FILES["file"], filename="orders.csv")     # texts in columns; table.preview(), .guesses
    columns = read_columns(table, {"at": "moment", "value": "number", "shop": "text"}, tz="Asia/Shanghai")
    if columns.ambiguous: ...   # ask for the order of day and month
    if not columns.ok: ...      # columns.complaints, by row and column; nothing is imported
    for block in columns.copy_text(): copy.write(block)

A million rows of moment, number and text take about one second.
"""

from opsboard.core.uploads.columns import Columns, OnBlank, copy_blocks, read_columns
from opsboard.core.uploads.complaints import Complaint, Complaints, Unreadable, UploadError
from opsboard.core.uploads.date_orders import DateOrder, OrderGuess, guess_order, guess_order_of
from opsboard.core.uploads.delimited import guess_delimiter
from opsboard.core.uploads.encodings import decode
from opsboard.core.uploads.given import columns_of, table_of
from opsboard.core.uploads.lean import read_lean, unpacked
from opsboard.core.uploads.limits import Limits
from opsboard.core.uploads.moments import parse_moment
from opsboard.core.uploads.numbers import Decimal, guess_decimal, parse_number
from opsboard.core.uploads.tables import CellKind, Guess, Table, read_table

__all__ = [
    "CellKind",
    "Columns",
    "Complaint",
    "Complaints",
    "DateOrder",
    "Decimal",
    "Guess",
    "Limits",
    "OnBlank",
    "OrderGuess",
    "Table",
    "Unreadable",
    "UploadError",
    "columns_of",
    "copy_blocks",
    "decode",
    "guess_decimal",
    "guess_delimiter",
    "guess_order",
    "guess_order_of",
    "parse_moment",
    "parse_number",
    "read_columns",
    "read_lean",
    "read_table",
    "table_of",
    "unpacked",
]
