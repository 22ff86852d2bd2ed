import csv
import gzip
import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from opsboard.core.uploads import (
    Complaint,
    Limits,
    Table,
    Unreadable,
    UploadError,
    decode,
    guess_decimal,
    guess_order_of,
    parse_moment,
    parse_number,
    read_columns,
    read_table,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SHANGHAI = "Asia/Shanghai"
BERLIN = "Europe/Berlin"


def table(text: str | bytes, **settings: Any) -> Table:
    content = text if isinstance(text, bytes) else text.encode()
    return read_table(content, filename="upload.csv", **settings)


def workbook(rows: Iterable[Iterable[Any]], title: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def places(complaints: list[Complaint]) -> list[tuple[int | None, str]]:
    return [(complaint.row, complaint.column) for complaint in complaints]


# --- characters ---------------------------------------------------------------------------------------------------

CHINESE = "日期,门店,数值\n2024-03-05,深圳南山店,12.5\n2024-03-06,北京“朝阳”店,13\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CHINESE.encode(), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8"),
        (CHINESE.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + CHINESE.encode("utf-16-be"), "utf-16-be"),
        (CHINESE.encode("gb18030"), "gb18030"),
        (CHINESE.encode("gbk"), "gb18030"),
        ("日期,数值\n2024-03-05,1\n".encode("gb18030"), "gb18030"),
    ],
)
def test_chinese_is_read_in_every_encoding_it_is_written_in(content: bytes, encoding: str) -> None:
    read = table(content)
    assert read.encoding == encoding
    assert read.names[0] == "日期"
    assert read.encoding_sure


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_shows_by_its_zero_bytes(mark: str) -> None:
    read = table("at,value\n2024-03-05,1\n2024-03-06,2\n".encode(mark))
    assert (read.encoding, read.names, len(read)) == (mark, ("at", "value"), 2)


@pytest.mark.parametrize(
    "text",
    [
        "Größe;Wert\nÜbergröße;1\n",
        "Día,Año\nmañana,1\n",
        "Désignation;Prix\nthé créé à l'été;3\n",
        "Måned;Beløb\nÅr;1\n",
        "Temp °C,£\n1,2\n",
        "Straße\nWeißensee\nMünchen\nKöln\n",
    ],
)
def test_western_text_is_not_taken_for_chinese(text: str) -> None:
    decoded = decode(text.encode("cp1252"))
    assert decoded.text == text
    assert not decoded.sure


def test_rare_and_four_byte_characters_of_gb18030_are_read() -> None:
    text = "姓名,城市,备注\n" + "李明镕,北京市朝阳区,今天的订单已经发货\n" * 5 + "𠮷野,上海,好的\n"
    assert decode(text.encode("gb18030")).text == text


def test_a_chosen_encoding_is_obeyed_or_refused() -> None:
    assert table("Größe;1\nä;2\n".encode("cp1252"), encoding="cp1252").names[0] == "Größe"
    with pytest.raises(UploadError, match="not written in utf-8"):
        table("Größe;1\n".encode("cp1252"), encoding="utf-8")
    with pytest.raises(UploadError, match="not known"):
        table("a,b\n", encoding="klingon")
    with pytest.raises(UploadError, match="not known"):
        table("a,b\n", encoding="rot13")


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n....",
        b"%PDF-1.7 ...",
        b"a,b\n1,\x00\x01\x02\n",
        bytes(range(256)) * 10,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"PK\x03\x04 not really a zip",
        b"\x1f\x8b not gzip",
    ],
)
def test_what_is_not_a_table_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(UploadError, match=r"Save it"):
        table(content)


@pytest.mark.parametrize("content", ["", "   \n\n", "\ufeff", "\n\r\n"])
def test_an_empty_file_is_refused(content: str) -> None:
    with pytest.raises(UploadError, match="is empty"):
        table(content)


# --- rows and cells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = "at,value,shop\n2024-03-05,1,North\n2024-03-06,2,South\n".replace(",", delimiter)
    read = table(text)
    assert read.delimiter == delimiter
    assert read.preview() == [("2024-03-05", "1", "North"), ("2024-03-06", "2", "South")]


def test_semicolons_win_over_decimal_commas() -> None:
    read = table("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n")
    assert (read.delimiter, read.decimal) == (";", ",")


def test_one_column_with_decimal_commas_stays_one_column() -> None:
    read = table("value\n1,5\n2,5\n")
    assert (read.names, read.decimal) == (("value",), ",")
    assert read_columns(read, {"value": "number"}, tz=SHANGHAI).frame["value"].to_list() == [1.5, 2.5]


def test_excels_line_that_names_the_delimiter_is_obeyed() -> None:
    read = table("sep=|\na|b\n1|x,y;z\n")
    assert read.preview() == [("1", "x,y;z")]
    assert read.rows.to_list() == [3]


def test_cells_may_hold_line_breaks_delimiters_and_quotation_marks() -> None:
    read = table('at,note\r\n2024-03-05,"two\r\nlines, ""quoted"""\r\n2024-03-06,plain\r\n')
    assert read.preview() == [("2024-03-05", 'two\r\nlines, "quoted"'), ("2024-03-06", "plain")]
    assert read.rows.to_list() == [2, 3]


def test_both_readers_agree_on_stray_quotation_marks() -> None:
    text = 'size,note\n5" pipe,a\n6,say "hi"\n'
    expected = [tuple(row) for row in list(csv.reader(io.StringIO(text)))[1:]]
    assert table(text).preview() == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(end: str) -> None:
    assert table(f"a,b{end}1,2{end}3,4{end}").preview() == [("1", "2"), ("3", "4")]


def test_a_ragged_row_is_named_and_the_others_are_read() -> None:
    read = table("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert [str(complaint) for complaint in read.complaints] == [
        "Row 3: This row has 2 cells, but the header has 3.",
        "Row 4: This row has 4 cells, but the header has 3.",
    ]
    assert read.rows.to_list() == [2, 5]
    assert read_columns(read, {"a": "number"}, tz=SHANGHAI).complaint_count == 2


def test_a_ragged_row_of_many_is_named_by_its_number() -> None:
    lines = [f"{place},x" for place in range(50_000)]
    lines[41_000] = "41000"
    lines[30_000] = '30000,"a,b",c'
    lines[20_000] = "20000,x,,"
    read = table("n,s\n" + "\n".join(lines))
    assert [complaint.row for complaint in read.complaints] == [30_002, 41_002]
    assert read.rows.to_list() == [row for row in range(2, 50_002) if row not in {30_002, 41_002}]
    assert read.texts("n").to_list()[20_000] == "20000"


def test_a_ragged_first_or_last_row_is_named() -> None:
    assert [complaint.row for complaint in table("a,b\n1\n2,3\n").complaints] == [2]
    assert [complaint.row for complaint in table("a,b\n1,2\n3").complaints] == [3]
    assert [complaint.row for complaint in table("a,b\n1").complaints] == [2]


def test_delimiters_at_the_end_of_rows_make_no_column() -> None:
    read = table("a,b,\n1,2,\n3,4,\n")
    assert (read.names, read.complaints) == (("a", "b"), [])
    assert table("a,b\n1,2,\n3,4,\n").complaints == []


def test_blank_rows_are_left_out_but_counted() -> None:
    read = table("\n\na,b\n1,2\n\n,\n3,4\n\n")
    assert read.preview() == [("1", "2"), ("3", "4")]
    assert read.rows.to_list() == [4, 7]


def test_a_heading_over_several_columns_is_joined_with_what_stands_below_it() -> None:
    top: list[list[Any]] = [["Day", "North", None, "South", None], [None, "Orders", "Returns", "Orders", "Returns"]]
    names = ("Day", "North Orders", "North Returns", "South Orders", "South Returns")
    titles: list[list[list[Any]]] = [[], [["October"], [None]]]
    for title in titles:
        content = workbook([*title, *top, [date(2026, 1, 5), 3, 1, 4, 1], [date(2026, 1, 6), 5, 9, 2, 6]])
        read = read_table(content, filename="a.xlsx")
        assert (read.names, read.preview(1)) == (names, [("2026-01-05", "3", "1", "4", "1")])
        assert read.rows.to_list() == [3 + len(title), 4 + len(title)]
    plain = read_table(
        workbook([["Day", "Shop", None], [date(2026, 1, 5), "A", "x"], [date(2026, 1, 6), "B", "y"]]), filename="a.xlsx"
    )
    assert (plain.names, len(plain)) == (("Day", "Shop", "column_3"), 2)


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        ("Sales report\nPrinted 3 Nov 2026,,\n\nday,shop,sales\n2026-01-05,A,10\n", ("day", "shop", "sales"), 5),
        ("门店报表;;\n日期;数量;金额\n2026-01-05;3;4,5\n", ("日期", "数量", "金额"), 3),
        (",value\n0,5\n1,6\n", ("column_1", "value"), 2),  # a header without its first name is no title
        ("name,,\nday,shop,sales\nMon,A,few\n", ("name",), 2),  # nor is one above words alone
        ("date\n2026-01-05\n", ("date",), 2),
        ("Report,,\n\n,made by,Ann\n\nday,shop,sales\n2026-01-05,A,10\n", ("day", "shop", "sales"), 6),
    ],
)
def test_a_title_above_the_table_is_no_header(text: str, names: tuple[str, ...], first: int) -> None:
    found = table(text)
    assert found.names == names
    assert found.rows.to_list()[:1] in ([first], [])
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Report"], [""], ["day", "share"], [date(2026, 1, 5), 0.125]])))
    assert book.active is not None
    book.active["B4"].number_format = "0.0%"
    book.save(stream := io.BytesIO())
    of_book = read_table(stream.getvalue(), filename="a.xlsx")
    assert (of_book.names, of_book.preview(1), of_book.rows.to_list()) == (
        ("day", "share"),
        [("2026-01-05", "12.5%")],
        [4],
    )
    columns = read_columns(of_book, {"share": "number"}, tz=SHANGHAI)
    assert columns.frame["share"].to_list() == [0.125]


def test_blank_and_repeated_headers_get_names() -> None:
    read = table("at,value,,value,value\n1,2,3,4,5\n")
    assert read.names == ("at", "value", "column_3", "value (2)", "value (3)")
    assert read.headers == ("at", "value", "", "value", "value")


def test_only_a_header_is_a_table_without_rows() -> None:
    read = table("at,value\n")
    assert (len(read), read.names, read.preview()) == (0, ("at", "value"), [])
    columns = read_columns(read, {"at": "moment", "value": "number"}, tz=SHANGHAI)
    assert (len(columns), columns.ok) == (0, True)
    assert len(table("at,value")) == 0


def test_limits_are_kept() -> None:
    small = Limits(max_bytes=1000, max_rows=3, max_columns=2, max_cell=10)
    with pytest.raises(UploadError, match="more than 3 rows"):
        table("a\n1\n2\n3\n4\n", limits=small)
    with pytest.raises(UploadError, match="3 columns"):
        table("a,b,c\n1,2,3\n", limits=small)
    with pytest.raises(UploadError, match="larger than"):
        table("a\n" + "1\n" * 1000, limits=small)
    with pytest.raises(UploadError, match="larger than"):
        table(gzip.compress(b"a\n" + b"1\n" * 1000), limits=small)
    long = table("a,b\n1,x\n2,yyyyyyyyyyyyyyyyyyyy\n", limits=small)
    assert places(long.complaints) == [(3, "")]
    assert len(long) == 1


def test_a_quotation_mark_that_is_never_closed_is_a_complaint() -> None:
    read = table('a,b\n1,"x\n' + "2,y\n" * 10_000, limits=Limits(max_cell=1000))
    assert "quotation mark" in str(read.complaints[0])
    assert read.complaints[0].row == 2


def test_a_gzipped_file_is_read() -> None:
    assert table(gzip.compress(b"a,b\n1,2\n")).preview() == [("1", "2")]


def test_the_same_bytes_have_the_same_digest() -> None:
    assert table("a\n1\n").digest == table(b"a\n1\n").digest
    assert table("a\n1\n").digest != table("a\n2\n").digest


def test_a_file_object_and_a_path_are_read(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b"a,b\n1,2\n")
    assert read_table(path, filename="some.csv").preview() == [("1", "2")]
    with path.open("rb") as stream:
        assert read_table(stream, filename="some.csv").preview() == [("1", "2")]


# --- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12), (" 12.5 ", 12.5), ("+3", 3), ("-3.5", -3.5), ("−3.5", -3.5), ("1e3", 1000), (".5", 0.5), ("5.", 5),
        ("1,234", 1234), ("1,234,567.89", 1234567.89), ("1 234.5", 1234.5), ("1\u00a0234", 1234), ("1'234.50", 1234.5),
        ("12,34,567", 1234567), ("12.5%", 0.125), ("12.5 %", 0.125), ("５０％", 0.5), ("￥１，２３４．５", 1234.5),
        ("$1,000", 1000), ("-$5", -5), ("€ 3", 3), ("CNY 20", 20), ("20元", 20), ("(1,250.00)", -1250), ("1，234", 1234),
        ("1.2万", 12000), ("3亿", 300_000_000), ("7‰", 0.007),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, number: float) -> None:
    assert parse_number(text) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "number"), [("1,5", 1.5), ("1.234,5", 1234.5), ("1.234", 1234), ("1 234,56 €", 1234.56), ("12,5 %", 0.125)]
)
def test_numbers_with_a_decimal_comma_are_read(text: str, number: float) -> None:
    assert parse_number(text, ",") == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize("text", ["", "  ", "NA", "n/a", "-", "—", "null", "无"])
def test_a_blank_number_is_none(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["abc", "1,23", "1.2.3", "12a", "1,2345", "--5", "$", "0x10", "5-", "1..2", "٣x"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="is not a number"):
        parse_number(text)


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "#DIV/0!", "1e999"])
def test_a_number_that_cannot_be_counted_with_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="counted with"):
        parse_number(text)


@pytest.mark.parametrize(
    ("texts", "mark", "sure"),
    [
        (["1.5", "2.25"], ".", True),
        (["1,5", "2,25"], ",", True),
        (["1.234,5"], ",", True),
        (["1,234.5"], ".", True),
        (["1,234", "2,500"], ".", False),
        (["1.234.567"], ",", True),
        (["1", "2"], ".", True),
        (["x", "2024-03-05"], ".", True),
    ],
)
def test_the_decimal_mark_is_found_or_said_to_be_unsure(texts: list[str], mark: str, sure: bool) -> None:
    assert guess_decimal(texts) == (mark, sure)


def test_a_column_of_numbers_reads_like_its_cells() -> None:
    cells = ["1", "1.5", "1,234.5", "-1,234", "12%", "（5）", "￥3", "1e3", "７"]
    read = table("value\n" + "\n".join(f'"{cell}"' for cell in cells) + "\n", decimal=".")
    columns = read_columns(read, {"value": "number"}, tz=SHANGHAI)
    assert columns.frame["value"].to_list() == [parse_number(cell) for cell in cells]


def test_a_column_with_decimal_commas_reads_like_its_cells() -> None:
    cells = ["1", "1,5", "1.234,5", "-1.234", "12 %", "1.5.2"]
    columns = read_columns(
        table("value;x\n" + "\n".join(f"{cell};1" for cell in cells)), {"value": "number"}, tz=BERLIN
    )
    assert columns.frame["value"].to_list() == [1, 1.5, 1234.5, -1234, 0.12]
    assert places(columns.complaints) == [(7, "value")]


def test_wrong_cells_are_named_by_row_and_column() -> None:
    read = table("at,value\n2024-03-05,1\n2024-03-06,x\n2024-02-30,2\n,3\n2024-03-07,NaN\n2024-03-08,\n")
    columns = read_columns(read, {"at": "moment", "value": "number"}, tz=SHANGHAI)
    assert [str(complaint) for complaint in columns.complaints] == [
        "Row 3, column “value”: “x” is not a number.",
        "Row 4, column “at”: “2024-02-30” is not a day of the calendar.",
        "Row 5, column “at”: The cell is empty.",
        "Row 6, column “value”: “NaN” is not a number that can be counted with.",
        "Row 7, column “value”: The cell is empty.",
    ]
    assert columns.rows.to_list() == [2]
    assert not columns.ok


def test_a_blank_number_is_kept_skipped_or_complained_about() -> None:
    read = table("at,value\n2024-03-05,1\n2024-03-06,\n2024-03-07,n/a\n")
    kinds = {"at": "moment", "value": "number"}
    kept = read_columns(read, kinds, tz=SHANGHAI, on_blank={"value": "keep"})  # type: ignore[arg-type]
    assert kept.frame["value"].to_list() == [1, None, None]
    skipped = read_columns(read, kinds, tz=SHANGHAI, on_blank={"value": "skip"})  # type: ignore[arg-type]
    assert (skipped.rows.to_list(), skipped.skipped, skipped.ok) == ([2], 2, True)
    refused = read_columns(read, kinds, tz=SHANGHAI)  # type: ignore[arg-type]
    assert refused.complaint_count == 2


def test_all_complaints_are_counted_and_some_are_kept() -> None:
    read = table("value\n" + "x\n" * 1000)
    columns = read_columns(read, {"value": "number"}, tz=SHANGHAI, keep_complaints=10)
    assert (columns.complaint_count, len(columns.complaints)) == (1000, 10)


def test_a_missing_column_is_a_complaint() -> None:
    columns = read_columns(table("a\n1\n"), {"b": "number"}, tz=SHANGHAI)
    assert "no column named “b”" in columns.complaints[0].message


# --- dates and times ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-05", "2024-03-04T16:00"),
        ("2024-03-05 14:30", "2024-03-05T06:30"),
        ("2024-03-05T14:30:15", "2024-03-05T06:30:15"),
        ("2024-03-05T14:30:15.250", "2024-03-05T06:30:15.250"),
        ("2024-03-05T14:30:00Z", "2024-03-05T14:30"),
        ("2024-03-05T14:30:00+02:00", "2024-03-05T12:30"),
        ("2024-03-05 14:30:00 +0530", "2024-03-05T09:00"),
        ("2024-03-05 14:30:00 UTC", "2024-03-05T14:30"),
        ("2024/3/5 4:05", "2024-03-04T20:05"),
        ("2024.03.05", "2024-03-04T16:00"),
        ("20240305", "2024-03-04T16:00"),
        ("20240305143000", "2024-03-05T06:30"),
        ("20240305T143000Z", "2024-03-05T14:30"),
        ("2024-03", "2024-02-29T16:00"),
        ("2024年3月5日", "2024-03-04T16:00"),
        ("2024年03月05日 14:30", "2024-03-05T06:30"),
        ("2024年3月5日14时30分15秒", "2024-03-05T06:30:15"),
        ("2024年3月5日 下午2点", "2024-03-05T06:00"),
        ("2024年3月5日 下午2点30分", "2024-03-05T06:30"),
        ("2024年3月5日 上午12:30", "2024-03-04T16:30"),
        ("2024年3月5日 星期二 14:30", "2024-03-05T06:30"),
        ("2024年3月", "2024-02-29T16:00"),
        ("２０２４－０３－０５", "2024-03-04T16:00"),
        ("25/03/2024", "2024-03-24T16:00"),
        ("03/25/2024 2:30 PM", "2024-03-25T06:30"),
        ("5.3.2024", "2024-03-04T16:00"),
        ("5 Mar 2024", "2024-03-04T16:00"),
        ("March 5, 2024 2:30 PM", "2024-03-05T06:30"),
        ("Tue, 5 Mar 2024 14:30:00", "2024-03-05T06:30"),
        ("05-Mar-2024", "2024-03-04T16:00"),
        ("1709649000", "2024-03-05T14:30"),
        ("1709649000000", "2024-03-05T14:30"),
        ("2024-03-05 24:00", "2024-03-05T16:00"),
    ],
)
def test_moments_are_read_as_people_write_them(text: str, expected: str) -> None:
    assert parse_moment(text, tz=SHANGHAI) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_the_order_decides_where_both_are_possible(order: str) -> None:
    day = parse_moment("03/05/2024", tz="UTC", date_order=order)  # type: ignore[arg-type]
    assert day == (datetime(2024, 5, 3, tzinfo=UTC) if order == "dmy" else datetime(2024, 3, 5, tzinfo=UTC))


def test_years_of_two_digits_are_read_in_the_order_given() -> None:
    assert parse_moment("24/03/05", tz="UTC", date_order="ymd") == datetime(2024, 3, 5, tzinfo=UTC)
    assert parse_moment("05/03/99", tz="UTC", date_order="dmy") == datetime(1999, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2024-13-01", "2024-02-30", "31/31/2024", "2024-03-05 25:00", "0000-01-01", "9999-12-31", "12:30",
     "2024-3-5-7", "Foo 5, 2024", "2024-03-05 14:30 XM", "1", "2024-03-05 14:61"],
)  # fmt: skip
def test_what_is_not_a_moment_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_moment(text, tz=SHANGHAI, date_order="dmy")


def test_an_unclear_order_of_a_single_date_is_refused() -> None:
    with pytest.raises(Unreadable, match="day first or month first"):
        parse_moment("03/05/2024", tz=SHANGHAI)


@pytest.mark.parametrize(
    ("texts", "order", "ambiguous"),
    [
        (["25/03/2024", "05/03/2024"], "dmy", False),
        (["03/25/2024", "03/05/2024"], "mdy", False),
        (["03/05/2024", "04/06/2024"], None, True),
        (["03/03/2024", "04/04/2024"], "dmy", False),
        (["03.05.2024"], "dmy", False),
        (["25/03/2024", "03/25/2024"], None, False),
        (["99/03/05", "99/03/25"], "ymd", False),
        (["24/03/05", "24/03/06"], None, True),
        (["2024-03-05", "2024年3月5日"], "ymd", False),
        ([], "ymd", False),
    ],
)
def test_the_order_of_dates_is_found_or_asked(texts: list[str], order: str | None, ambiguous: bool) -> None:
    guess = guess_order_of(texts)
    assert (guess.order, guess.ambiguous) == (order, ambiguous)


def test_an_ambiguous_column_is_asked_about_and_then_read() -> None:
    read = table("at,value\n03/05/2024,1\n04/06/2024,2\n")
    assert read.guesses["at"].ambiguous
    unread = read_columns(read, {"at": "moment", "value": "number"}, tz="UTC")
    assert unread.ambiguous["at"].fits == ("dmy", "mdy")
    assert "03/05/2024" in unread.complaints[0].message
    assert not unread.ok
    months_first = read_columns(read, {"at": "moment", "value": "number"}, tz="UTC", date_order="mdy")
    assert months_first.frame["at"].to_list() == [datetime(2024, 3, 5, tzinfo=UTC), datetime(2024, 4, 6, tzinfo=UTC)]


def test_a_column_of_moments_reads_like_its_cells() -> None:
    cells = [
        "2024-03-05", "2024-03-05 14:30:00", "2024-03-05T14:30:00Z", "2024/3/5", "2024年3月5日", "2024年3月5日 14:30",
        "5 Mar 2024", "25/12/2023 08:15", "25/12/23", "20240305", "2024-03-05T14:30:00+02:00", "25/12/2023 08:15 PM",
        "2024年3月5日 下午2点30分", "2024-03-05 14:30:00.125", "１/12/2023",
    ]  # fmt: skip
    read = table("at,x\n" + "\n".join(f"{cell},1" for cell in cells))
    columns = read_columns(read, {"at": "moment"}, tz=SHANGHAI, date_order="dmy")
    assert columns.complaints == []
    expected = [parse_moment(cell, tz=SHANGHAI, date_order="dmy") for cell in cells]
    assert columns.frame["at"].to_list() == expected


def test_moments_that_are_read_one_by_one_stay_in_their_rows() -> None:
    cells = [f"{day} {month} 2024" for month in ("Mar", "Jan", "Feb") for day in range(28, 0, -1)]
    columns = read_columns(table("at,x\n" + "\n".join(f"{cell},1" for cell in cells)), {"at": "moment"}, tz="UTC")
    assert columns.frame["at"].to_list() == [parse_moment(cell, tz="UTC", date_order="ymd") for cell in cells]


def test_a_time_that_comes_twice_is_its_first_pass() -> None:
    read = table("at\n2026-10-25 02:30:00\n")
    columns = read_columns(read, {"at": "moment"}, tz=BERLIN)
    assert columns.frame["at"].to_list() == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    assert parse_moment("2026-10-25 02:30", tz=BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-29 02:30:00", "29/03/2026 02:30", "29 Mar 2026 02:30"])
def test_a_time_that_never_came_moves_on_with_the_clock_and_warns(text: str) -> None:
    columns = read_columns(table(f"at,x\n{text},1\n"), {"at": "moment"}, tz=BERLIN)
    assert columns.frame["at"].to_list() == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert (columns.ok, columns.warning_count, columns.warnings[0].row) == (True, 1, 2)
    assert "does not exist" in columns.warnings[0].message


# --- workbooks ----------------------------------------------------------------------------------------------------


def test_a_workbook_keeps_dates_numbers_and_texts() -> None:
    content = workbook(
        [
            ["日期", "数值", "门店", "完成"],
            [datetime(2024, 3, 5, 14, 30), 12.5, "深圳", True],
            [date(2024, 3, 6), 13, "1,5", False],
            [None, None, None, None],
            [datetime(2024, 3, 7), "14.5", "上海", None],
        ]
    )
    read = read_table(content, filename="指标.xlsx")
    assert read.names == ("日期", "数值", "门店", "完成")
    assert read.preview()[0] == ("2024-03-05 14:30:00", "12.5", "深圳", "TRUE")
    assert read.rows.to_list() == [2, 3, 5]
    assert (read.guesses["日期"].kind, read.guesses["数值"].kind, read.guesses["门店"].kind) == (
        "moment",
        "number",
        "text",
    )
    columns = read_columns(read, {"日期": "moment", "数值": "number"}, tz=SHANGHAI)
    assert columns.frame["数值"].to_list() == [12.5, 13, 14.5]
    assert columns.frame["日期"].to_list()[0] == datetime(2024, 3, 5, 6, 30, tzinfo=UTC)


def test_numbers_of_a_workbook_do_not_change_with_the_decimal_mark() -> None:
    content = workbook([["value", "other"], [1.234, "1,5"], [2.5, "2,5"]])
    columns = read_columns(
        read_table(content, filename="x.xlsx"), {"value": "number", "other": "number"}, tz=BERLIN, decimal=","
    )
    assert columns.frame.rows() == [(1.234, 1.5), (2.5, 2.5)]


def test_dates_that_lost_their_format_are_still_dates() -> None:
    content = workbook([["at"], [45356], [45356.5]])
    columns = read_columns(read_table(content, filename="x.xlsx"), {"at": "moment"}, tz="UTC")
    assert columns.frame["at"].to_list() == [datetime(2024, 3, 5, tzinfo=UTC), datetime(2024, 3, 5, 12, tzinfo=UTC)]


def test_times_and_durations_of_a_workbook_are_texts() -> None:
    content = workbook([["t", "d"], [time(14, 30), timedelta(hours=26, minutes=5)]])
    assert read_table(content, filename="x.xlsx").preview() == [("14:30:00", "26:05:00")]


def test_formulas_are_read_as_their_values(tmp_path: Path) -> None:
    content = with_part(
        workbook([["a"], [1]]),
        "xl/worksheets/sheet1.xml",
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="str"><v>total</v></c></row>'
        b'<row r="2"><c r="A2"><f>2*21</f><v>42</v></c></row>'
        b'<row r="3"><c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row></sheetData></worksheet>',
    )
    read = read_table(content, filename="x.xlsx")
    columns = read_columns(read, {"total": "number"}, tz=SHANGHAI)
    assert columns.frame["total"].to_list() == [42]
    assert places(columns.complaints) == [(3, "total")]


def test_a_sheet_is_chosen_by_name() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([], title="Empty")))
    book.create_sheet("First").append(["a"])
    book.create_sheet("Second").append(["b"])
    stream = io.BytesIO()
    book.save(stream)
    read = read_table(stream.getvalue(), filename="x.xlsx")
    assert (read.sheet, read.sheets, read.names) == ("First", ("Empty", "First", "Second"), ("a",))
    assert read_table(stream.getvalue(), filename="x.xlsx", sheet="Second").names == ("b",)
    with pytest.raises(UploadError, match="no sheet named"):
        read_table(stream.getvalue(), filename="x.xlsx", sheet="Third")


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one of its parts replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, part if info.filename == name else old.read(info.filename))
    return stream.getvalue()


def test_a_workbook_that_unpacks_to_gigabytes_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsboard.core.uploads.sheets.MAX_UNPACKED", 20_000_000)
    bomb = with_part(workbook([["a"]]), "xl/styles.xml", b" " * 30_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(UploadError, match="unpacks to far more"):
        read_table(bomb, filename="x.xlsx")


def test_a_workbook_that_lies_about_its_size_is_not_opened() -> None:
    content = with_part(workbook([["a"]]), "xl/styles.xml", b" " * 1_000_000)
    size = (1_000_000).to_bytes(4, "little")
    assert content.count(size) >= 1
    with pytest.raises(UploadError):
        read_table(content.replace(size, (10).to_bytes(4, "little")), filename="x.xlsx")


def test_one_cell_in_the_far_corner_lays_out_no_billions() -> None:
    corner = with_part(
        workbook([["a"]]),
        "xl/worksheets/sheet1.xml",
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>",
    )
    with pytest.raises(UploadError, match="more than"):
        read_table(corner, filename="x.xlsx")


def test_a_damaged_workbook_is_refused_in_words() -> None:
    content = workbook([["a"], [1]])
    for broken in (content[: len(content) // 2], with_part(content, "xl/workbook.xml", b"<not xml")):
        with pytest.raises(UploadError, match="Save it"):
            read_table(broken, filename="x.xlsx")


# --- what comes out -----------------------------------------------------------------------------------------------


def test_blocks_for_copy_tell_null_from_empty() -> None:
    read = table('at,value,shop\n2024-03-05,1.5,North\n2024-03-06,,"a ""b"", c"\n2024-03-07,2,\n')
    columns = read_columns(
        read, {"at": "moment", "value": "number", "shop": "text"}, tz="UTC", on_blank={"value": "keep"}
    )
    rows = b"".join(columns.copy_text(size=2)).decode().splitlines()
    assert rows == [
        "2024-03-05T00:00:00.000000+0000,1.5,North",
        '2024-03-06T00:00:00.000000+0000,,"a ""b"", c"',
        '2024-03-07T00:00:00.000000+0000,2.0,""',
    ]
    assert next(columns.tuples()) == (datetime(2024, 3, 5, tzinfo=UTC), 1.5, "North")
    assert [len(chunk) for chunk in columns.chunks(2)] == [2, 1]


def test_columns_say_what_they_seem_to_hold() -> None:
    read = table(
        "日期,数量,备注,编号\n2024-03-05,5,ok,A1\n2024-03-06,,,A2\n2024-03-07,x,,A3\n" + "2024-03-08,7,,A4\n" * 9
    )
    kinds = {name: guess.kind for name, guess in read.guesses.items()}
    assert kinds == {"日期": "moment", "数量": "number", "备注": "text", "编号": "text"}
    assert read.guesses["数量"].blanks == 1


def test_bare_years_and_compact_dates_count_as_dates_under_a_date_header() -> None:
    assert table("day,n\n20240305,1\n20240306,2\n").guesses["day"].kind == "moment"
    assert table("code,n\n20240305,1\n20240306,2\n").guesses["code"].kind == "number"


def test_a_complaint_survives_being_stored() -> None:
    complaint = Complaint(3, "value", "“%(value)s” is not a number.", {"value": "x"})
    assert Complaint.unpacked(complaint.packed()) == complaint
    assert complaint.as_error()["message"] == "“x” is not a number."


def test_a_complaint_is_told_in_the_readers_language() -> None:
    complaint = Complaint(3, "数值", "“%(value)s” is not a number.", {"value": "x"})
    with translation.override("en"):
        assert str(complaint) == "Row 3, column “数值”: “x” is not a number."
    with translation.override("zh-hans"):
        assert str(complaint) == "第 3 行，“数值”列：“x”不是数字。"


def test_a_percent_sign_in_a_cell_does_no_harm() -> None:
    columns = read_columns(table("v\n5%x\n100%s%%\n"), {"v": "number"}, tz="UTC")
    assert [complaint.message for complaint in columns.complaints] == [
        "“5%x” is not a number.",
        "“100%s%%” is not a number.",
    ]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
def test_the_samples_are_read_as_their_readme_says() -> None:
    taxi = read_table(SHARED / "metrics/nab/nyc_taxi.csv", filename="nyc_taxi.csv")
    columns = read_columns(taxi, {"timestamp": "moment", "value": "number"}, tz="America/New_York")
    assert (len(columns), columns.frame["value"].sum(), columns.ok) == (10_320, 156_219_716, True)
    churn = read_table(SHARED / "metrics/telco_churn/Telco-Customer-Churn.csv", filename="churn.csv")
    assert read_columns(churn, {"TotalCharges": "number"}, tz="UTC").complaint_count == 11
    retail = read_table(SHARED / "metrics/online_retail/online_retail_2010-12_2011-02.csv", filename="retail.csv")
    assert len(retail) == 105_335
    assert retail.complaints == []
