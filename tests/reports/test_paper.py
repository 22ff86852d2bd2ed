"""The renderer alone: what comes out is a file that lasts and that everybody can read."""

import io
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pikepdf
import pypdf
import pytest

from opsboard.core import charts, jobs
from opsboard.core.charts import Limits, Series, Signal
from opsboard.reports import analysis
from tests.reports.standards import complaints, elements, headings

STATIC = Path(__file__).resolve().parent.parent.parent / "static"
SHANGHAI = ZoneInfo("Asia/Shanghai")
POEM = "订单审核比以前快：变化是异常信号，而不是正常波动。瓶颈在退货入库，积压两百一十四件。"


def page(body: str, *, lang: str = "en", title: str = "Weekly report") -> str:
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1>{body}</body></html>"
    )


def printed(body: str, **more: str) -> bytes:
    return analysis.render_pdf(page(body, **more), static=STATIC, base_url="https://ops.example/")


def text_of(content: bytes) -> str:
    return "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(content)).pages).replace("\n", "")


def a_chart() -> str:
    start = datetime(2026, 11, 2, tzinfo=SHANGHAI)
    points: list[tuple[datetime, float | None]] = [(start + timedelta(days=day), 50.0 + day % 5) for day in range(30)]
    return charts.line(
        [Series("x", points)], title="订单处理时长（分钟）", desc="d", unit="min", limits=Limits(52, 46, 58),
        signals=[Signal(points[4][0], "above")], tz=SHANGHAI,
    )  # fmt: skip


A_TABLE = (
    "<table><caption>Movements</caption><thead><tr><th scope='col'>Process</th><th scope='col'>Now</th></tr></thead>"
    "<tbody><tr><th scope='row'>退货入库 Returns</th><td>214</td></tr><tr><th scope='row'>Invoices</th><td>9.8%</td></tr>"
    "</tbody></table>"
)


@pytest.fixture(scope="module")
def full() -> bytes:
    """A page with everything that sections use."""
    body = (
        f"<h2>What moved</h2><p>{POEM} <a href='/north-plant/metrics/'>Metrics</a></p>{a_chart()}{A_TABLE}"
        f"<h3>List</h3><ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul><ol><li>first</li></ol>"
        f"<p><strong>Bold</strong> <em>slanted</em> <span class='badge status-good'>good</span></p>{A_TABLE * 20}"
    )
    return printed(body)


def test_the_file_keeps_what_it_claims(full: bytes) -> None:
    assert complaints(full) == []


@pytest.mark.skipif(shutil.which("verapdf") is None, reason="veraPDF is not on the PATH; the structural checks ran")
@pytest.mark.parametrize("flavour", ["3a", "3u", "ua1"])
def test_verapdf_agrees(full: bytes, flavour: str, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(full)
    said = subprocess.run(
        ["verapdf", "--format", "text", "--flavour", flavour, str(file)], capture_output=True, text=True, check=False
    )
    assert said.stdout.startswith("PASS"), said.stdout


def test_chinese_text_is_read_back_as_it_was_written(full: bytes) -> None:
    assert POEM in text_of(full)
    assert "退货入库" in text_of(full)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed; pypdf read the text back")
def test_another_reader_finds_the_same_chinese(full: bytes) -> None:
    said = subprocess.run(["pdftotext", "-", "-"], input=full, capture_output=True, check=True).stdout.decode()
    assert POEM in said.replace("\n", "")


def test_fonts_are_subsets_of_ours(full: bytes) -> None:
    with pikepdf.open(io.BytesIO(full)) as pdf:
        names = {str(one.BaseFont) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/BaseFont" in one}
    assert names
    assert all("+Inter" in name or "+Noto-Sans-SC" in name for name in names)
    assert len(full) < 400_000


def test_a_chart_is_a_figure_with_its_title_as_words(full: bytes) -> None:
    with pikepdf.open(io.BytesIO(full)) as pdf:
        assert [str(one.Alt) for one in elements(pdf) if one.S == "/Figure"] == ["订单处理时长（分钟）"]


def test_a_table_says_which_cells_are_headers_and_whose(full: bytes) -> None:
    with pikepdf.open(io.BytesIO(full)) as pdf:
        scopes = [str(one.A.Scope) for one in elements(pdf) if one.S == "/TH"]
    assert scopes[:4] == ["/Column", "/Column", "/Row", "/Row"]


def test_a_header_cell_that_forgot_its_scope_gets_one() -> None:
    content = printed("<table><tr><th>Process</th></tr><tr><td>Returns</td></tr></table>")
    assert complaints(content) == ["UA-1 7.17: no bookmarks"] or complaints(content) == []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert [str(one.A.Scope) for one in elements(pdf) if one.S == "/TH"] == ["/Column"]


def test_the_language_and_the_title_are_written_down() -> None:
    with pikepdf.open(io.BytesIO(printed("<p>你好</p>", lang="zh-Hans", title="运营周报"))) as pdf:
        assert str(pdf.Root.Lang) == "zh-Hans"
        assert str(pdf.docinfo["/Title"]) == "运营周报"


def test_links_into_the_house_carry_its_address(full: bytes) -> None:
    with pikepdf.open(io.BytesIO(full)) as pdf:
        targets = {str(note.A.URI) for one in pdf.pages for note in one.obj.get("/Annots", []) if "/A" in note}
    assert targets == {"https://ops.example/north-plant/metrics/"}


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example/pixel.png",
        "https://ops.example/accounts/login/",
        "file:///etc/passwd",
        "https://ops.example/static/../manage.py",
        "https://ops.example/static/%2e%2e/manage.py",
        "https://ops.example/static//etc/passwd",
        "opsboard-font:../../../manage.py",
        "ftp://evil.example/x",
    ],
)
def test_nothing_but_our_own_files_is_read(address: str) -> None:
    fetcher = analysis._fetcher(STATIC, "https://ops.example/static/", STATIC / "vendor" / "print")
    with pytest.raises(ValueError, match=r"own files|no such file"):
        fetcher.fetch(address)


def test_a_link_out_of_the_static_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "static" / "link.txt").symlink_to(tmp_path / "secret.txt")
    fetcher = analysis._fetcher(tmp_path / "static", "https://ops.example/static/", tmp_path)
    with pytest.raises(ValueError, match="no such file"):
        fetcher.fetch("https://ops.example/static/link.txt")


def test_our_own_files_and_data_addresses_are_read() -> None:
    fetcher = analysis._fetcher(STATIC, "https://ops.example/static/", STATIC / "vendor" / "print")
    assert b"@page" in fetcher.fetch("https://ops.example/static/css/report.css?v=1").read()
    assert fetcher.fetch("data:text/plain,hello").read() == b"hello"


def test_hostile_html_prints_as_far_as_it_is_harmless() -> None:
    content = printed(
        "<h2>x</h2><img alt='x' src='http://evil.example/x.png'><script>alert(1)</script>"
        "<iframe src='file:///etc/passwd'></iframe><p style=\"background:url('http://evil.example/')\">kept</p>"
        "<link rel='attachment' href='file:///etc/passwd'>"
    )
    assert "kept" in text_of(content)
    assert "alert" not in text_of(content)
    assert b"root:" not in content


def test_a_page_without_language_or_title_is_refused() -> None:
    with pytest.raises(ValueError, match="lang"):
        analysis.render_pdf("<html><title>x</title></html>", static=STATIC)
    with pytest.raises(ValueError, match="title"):
        analysis.render_pdf('<html lang="en"><title> </title></html>', static=STATIC)


def test_missing_fonts_are_named(tmp_path: Path) -> None:
    with pytest.raises(analysis.NoFonts, match=r"NotoSansSC-400\.ttf"):
        analysis.render_pdf(page("x"), static=STATIC, fonts=tmp_path)


def test_a_machine_without_pango_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "_loads", lambda file: "pango" not in file)
    assert analysis.missing_libraries() == ("Pango", "PangoFT2")
    with pytest.raises(analysis.NoPrinter, match="Pango"):
        printed("x")


def test_progress_is_told_and_a_cancel_goes_through() -> None:
    heard: list[int] = []
    analysis.render_pdf(page("<h2>x</h2>" + "<p>y</p>" * 200), static=STATIC, told=heard.append)
    assert max(heard) >= 2

    def cancel(number: int) -> None:
        raise jobs.Cancelled

    with pytest.raises(jobs.Cancelled):
        analysis.render_pdf(page("x"), static=STATIC, told=cancel)


@pytest.mark.parametrize(
    ("given", "fitted"),
    [
        ("<h2>a</h2><h3>b</h3>", "<h3>a</h3><h4>b</h4>"),
        ("<h5 class='x'>a</h5><h6>b</h6>", "<h3 class='x'>a</h3><h4>b</h4>"),
        ("<h2>a</h2><h5>b</h5><h2>c</h2>", "<h3>a</h3><h4>b</h4><h3>c</h3>"),
        ("<h4>a</h4><h2>b</h2>", "<h3>a</h3><h3>b</h3>"),
        ("<p>none</p><hr>", "<p>none</p><hr>"),
    ],
)
def test_headings_of_a_section_fit_below_the_chapter(given: str, fitted: str) -> None:
    assert analysis.for_paper(given) == fitted


def test_a_first_heading_that_repeats_the_chapter_goes() -> None:
    given = '<section><h2 class="t"> Costs &amp; <b>returns</b> </h2><h3>More</h3></section>'
    assert analysis.for_paper(given, said="Costs & returns") == "<section><h3>More</h3></section>"


def test_what_can_only_be_clicked_is_not_printed() -> None:
    given = '<p id="a">kept</p><form action="/x"><input name="y"><button>Go</button></form><script>x()</script>'
    assert analysis.for_paper(given) == "<p>kept</p>"


def test_signs_that_our_fonts_lack_are_spelt_out() -> None:
    content = printed("<h2>Launch 🚀</h2><p>done ✅ 👍🏽 ok\ue000 \ufeff — “周报” 100 ℃ → ≥</p>")
    words = text_of(content)
    assert "[rocket]" in words
    assert "[thumbs up sign]ok" in words.replace(" ok", "ok")
    assert "— “周报” 100 ℃ →" in words
    assert complaints(content) == []


def test_words_in_css_cannot_leave_their_string() -> None:
    assert analysis.css_string('a"} body{display:none') == '"a\\22 } body{display:none"'
    assert "\n" not in analysis.css_string("a\nb")


def test_headings_are_read_in_order(full: bytes) -> None:
    with pikepdf.open(io.BytesIO(full)) as pdf:
        assert headings(pdf) == ["H1", "H2", "H3"]
