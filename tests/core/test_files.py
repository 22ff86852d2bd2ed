import io
import zipfile
from email.message import Message

import pytest
from PIL import Image

from opsboard.core import files


def drawn(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **settings: object) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, "red").save(stream, kind, **settings)
    return stream.getvalue()


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        for name in names:
            zipped.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (drawn("PNG"), "image/png"),
        (drawn("JPEG"), "image/jpeg"),
        (drawn("WEBP"), "image/webp"),
        (drawn("GIF"), "image/gif"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"at,value\n2024-03-05,1\n", "text/plain"),
        ("日期,数值\n".encode(), "text/plain"),
        ("日期,数值\n".encode("gb18030"), "text/plain"),
        ("a,b\n".encode("utf-16"), "text/plain"),
        (b"<html><body>", "text/html"),
        (b"\n  <!DOCTYPE html>", "text/html"),
        (b"harmless <script>alert(1)</script>", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"MZ\x90\x00", "application/x-msdownload"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), files._OFFICE[1][1]),
        (archive("[Content_Types].xml", "word/document.xml"), files._OFFICE[0][1]),
        (archive("readme.txt"), "application/zip"),
        (b"PK\x03\x04broken", "application/octet-stream"),
        (b"", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, kind: str) -> None:
    assert files.sniff(content) == kind


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/png")],
)
def test_a_picture_is_drawn_anew(kind: str, content_type: str) -> None:
    picture = files.redraw(drawn(kind))
    assert (picture.content_type, picture.width, picture.height) == (content_type, 40, 20)
    assert files.sniff(picture.content) == content_type


def test_where_and_when_a_picture_was_taken_is_forgotten() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # turned by a quarter
    content = drawn("JPEG", exif=exif.tobytes(), comment=b"hidden words")
    assert b"SecretCamera" in content
    picture = files.redraw(content + b"<script>alert(1)</script>")
    assert (picture.width, picture.height) == (20, 40)
    for hidden in (b"SecretCamera", b"hidden words", b"<script>"):
        assert hidden not in picture.content


def test_a_large_picture_is_made_smaller_in_proportion() -> None:
    picture = files.redraw(drawn("PNG", (400, 100)), max_side=200)
    assert (picture.width, picture.height) == (200, 50)


def test_transparency_stays() -> None:
    with Image.open(io.BytesIO(files.redraw(drawn("PNG", mode="RGBA")).content)) as picture:
        assert picture.mode == "RGBA"


def test_a_picture_of_too_many_pixels_is_not_unpacked() -> None:
    with pytest.raises(files.FileError, match="million pixels"):
        files.redraw(drawn("PNG", (2000, 2000)), max_pixels=1_000_000)


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"<svg></svg>", drawn("PNG")[:60], drawn("BMP"), drawn("TIFF")]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(files.FileError, match="not a picture"):
        files.redraw(content)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("周报 2026-W47.pdf", "周报 2026-W47.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.xlsx", "plan.xlsx"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("con.txt", "_con.txt"),
        ("", "file"),
        ("...", "file"),
        ('say "hi"?.txt', "say _hi__.txt"),
    ],
)
def test_names_lose_what_could_do_harm(name: str, safe: str) -> None:
    assert files.safe_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    name = files.safe_name("长" * 300 + ".xlsx")
    assert len(name) == 200
    assert name.endswith(".xlsx")


@pytest.mark.parametrize(
    "name", ["report.pdf", "周报.pdf", 'a"b.pdf', "naïve café.pdf", "100%.pdf", "x; filename=evil.exe"]
)
def test_a_download_keeps_its_name(name: str) -> None:
    header = Message()
    header["Content-Disposition"] = files.disposition(name)
    assert header.get_content_disposition() == "attachment"
    assert header.get_filename() == files.safe_name(name)


def test_only_what_a_browser_cannot_run_is_shown_in_place() -> None:
    pdf = files.safe_headers(content_type="application/pdf", name="a.pdf")
    page = files.safe_headers(content_type="text/html", name="a.html")
    vector = files.safe_headers(content_type="image/svg+xml", name="a.svg")
    assert pdf["Content-Disposition"].startswith("inline")
    for headers in (page, vector, files.safe_headers(content_type="application/pdf", name="a.pdf", download=True)):
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
