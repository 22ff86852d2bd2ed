"""From HTML to a PDF that lasts (PDF/A-3a) and that everybody can read (PDF/UA-1). No database, no Django.

WeasyPrint writes a tagged PDF/A-3a; pikepdf adds the PDF/UA identifier with its extension schema (PDF/A demands one for
each property it doesn't know: ISO 19005-3, 6.6.2.3) and what the tags still need. Nothing is fetched: the renderer
reads our own static files and `data:` addresses, and refuses everything else.
"""

import contextlib
import ctypes
import ctypes.util
import io
import logging
import mimetypes
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from opsboard.core.lazy import lazy, pikepdf, weasyprint

ttLib = lazy("fontTools.ttLib")
log = logging.getLogger(__name__)

# Static TrueType: subsets in woff2 print wrong Chinese characters. Weights that report.css and the charts use.
FONTS: Final = (
    ("Inter", 400, "normal", "Inter-400.ttf"),
    ("Inter", 400, "italic", "Inter-400-italic.ttf"),
    ("Inter", 600, "normal", "Inter-600.ttf"),
    ("Inter", 700, "normal", "Inter-700.ttf"),
    ("Noto Sans SC", 400, "normal", "NotoSansSC-400.ttf"),
    ("Noto Sans SC", 600, "normal", "NotoSansSC-600.ttf"),
    ("Noto Sans SC", 700, "normal", "NotoSansSC-700.ttf"),
)


class NoPrinter(RuntimeError):
    """WeasyPrint can't start because a system library (Pango) is missing."""


class NoFonts(RuntimeError):
    """The printing fonts are not there."""


@dataclass(frozen=True)
class Remedy:
    """What to install on one kind of system."""

    system: str
    command: str


REMEDIES: Final = (
    Remedy("Debian, Ubuntu", "sudo apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"),
    Remedy("Fedora, RHEL", "sudo dnf install pango"),
    Remedy("Alpine", "sudo apk add pango harfbuzz-subset"),
    Remedy("macOS", "brew install pango"),
)


# The names under which systems keep what WeasyPrint needs, as its own loader tries them.
_LIBRARIES: Final = {
    "Pango": ("libpango-1.0.so.0", "libpango-1.0-0", "libpango-1.0.dylib", "pango-1.0"),
    "PangoFT2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0-0", "libpangoft2-1.0.dylib", "pangoft2-1.0"),
    "GObject": ("libgobject-2.0.so.0", "libgobject-2.0-0", "libgobject-2.0.0.dylib", "gobject-2.0"),
    "HarfBuzz": ("libharfbuzz.so.0", "libharfbuzz-0", "libharfbuzz.0.dylib", "harfbuzz"),
    "Fontconfig": ("libfontconfig.so.1", "libfontconfig-1", "libfontconfig.1.dylib", "fontconfig"),
}


def missing_libraries() -> tuple[str, ...]:
    """What this machine lacks to print; asked of the system, so that a web worker need not load WeasyPrint to know."""
    return tuple(name for name, files in _LIBRARIES.items() if not any(_loads(file) for file in files))


def _loads(file: str) -> bool:
    with contextlib.suppress(OSError):
        ctypes.CDLL(file)
        return True
    # A name without ending is looked up where the linker looks (Homebrew's folder, for one).
    found = ctypes.util.find_library(file) if "." not in file.removesuffix("-1.0").removesuffix("-2.0") else None
    with contextlib.suppress(OSError):
        return found is not None and ctypes.CDLL(found) is not None
    return False


def render_pdf(
    html: str,
    *,
    static: Path,
    static_url: str = "/static/",
    base_url: str = "http://localhost/",
    styles: Sequence[str] = ("css/report.css",),
    style_text: str = "",
    fonts: Path | None = None,
    told: Callable[[int], None] | None = None,
) -> bytes:
    """One PDF that claims and keeps PDF/A-3a (and so 3u) and PDF/UA-1.

    `html` needs `<html lang>` and `<title>`. Addresses below `base_url` + `static_url` are read from the folder
    `static`; links stay links. `style_text` is for the few rules that depend on the reader's language. `told` hears
    the number of each page that was laid out (0 for other steps); what it raises stops the work.
    """
    if missing := missing_libraries():
        raise NoPrinter(", ".join(missing))
    _check_head(html)
    where = fonts or static / "vendor" / "print"
    if absent := [file for _, _, _, file in FONTS if not (where / file).is_file()]:
        raise NoFonts(f"{', '.join(absent)} missing in {where.name}: run `python -m opsboard.vendor`")
    with _listening(told):
        return finish(_write(html, static, static_url, base_url, styles, style_text, where))


def _write(
    html: str, static: Path, static_url: str, base_url: str, styles: Sequence[str], style_text: str, fonts: Path
) -> bytes:
    fetcher = _fetcher(static, f"{base_url.rstrip('/')}{static_url}", fonts)
    config = weasyprint.text.fonts.FontConfiguration()
    faces = "".join(
        f'@font-face {{font-family: "{family}"; font-weight: {weight}; font-style: {style};'
        f' src: url("opsboard-font:{file}") format("truetype")}}\n'
        for family, weight, style, file in FONTS
    )
    sheets = [
        weasyprint.CSS(string=text, base_url=base_url, font_config=config, url_fetcher=fetcher)
        for text in (faces, *(static.joinpath(name).read_text("utf-8") for name in styles), style_text)
        if text
    ]
    page = weasyprint.HTML(
        string=spelt_out(html, _covered(fonts)), base_url=base_url, url_fetcher=fetcher, media_type="print"
    )
    written: bytes = page.write_pdf(stylesheets=sheets, font_config=config, pdf_variant="pdf/a-3a")
    return written


class _Steps(logging.Handler):
    """WeasyPrint says how far it is in its log; what the listener raises (a cancel) goes through to the caller."""

    def __init__(self, told: Callable[[int], None] | None) -> None:
        super().__init__()
        self.told = told

    def emit(self, record: logging.LogRecord) -> None:
        if self.told is None:
            return
        page = record.args[0] if isinstance(record.args, tuple) and "Page" in str(record.msg) and record.args else 0
        self.told(page if isinstance(page, int) else 0)


@contextlib.contextmanager
def _listening(told: Callable[[int], None] | None) -> Iterator[None]:
    steps = logging.getLogger("weasyprint.progress")
    before, passes_on, listener = steps.level, steps.propagate, _Steps(told)
    steps.setLevel(logging.INFO)
    steps.propagate = False
    steps.addHandler(listener)
    try:
        yield
    finally:
        steps.removeHandler(listener)
        steps.setLevel(before)
        steps.propagate = passes_on


def _check_head(html: str) -> None:
    if not re.search(r"<html[^>]*\slang=\"[A-Za-z][A-Za-z-]+\"", html):
        raise ValueError('the page needs <html lang="…">: a screen reader must know which language to speak')
    if not re.search(r"<title>\s*[^<\s]", html):
        raise ValueError("the page needs a <title>: PDF/UA shows it in the window's frame")


def _fetcher(static: Path, static_address: str, fonts: Path) -> Any:
    root, type_room = static.resolve(), fonts.resolve()

    class OwnFilesOnly(weasyprint.urls.URLFetcher):
        """Our static files, our fonts and `data:`; no file, no host, no redirect that somebody else chose."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            if url.startswith("opsboard-font:"):
                return self._file(url, type_room / Path(url.partition(":")[2]).name, type_room)
            if url.startswith(static_address):
                path = unquote(urlsplit(url[len(static_address) :]).path)
                return self._file(url, root / path, root)
            raise ValueError("a report uses only its own files and data: addresses")

        def _file(self, url: str, path: Path, below: Path) -> Any:
            real = path.resolve()
            if not real.is_relative_to(below) or not real.is_file():
                raise ValueError("no such file of ours")
            kind = mimetypes.guess_type(real.name)[0] or "application/octet-stream"
            # No `with`: WeasyPrint reads the answer later and closes it.
            return weasyprint.urls.URLFetcherResponse(url, real.open("rb"), {"Content-Type": kind})

    return OwnFilesOnly(allowed_protocols=("data",), allow_redirects=False)


# --- after WeasyPrint -------------------------------------------------------------------------------------------------

# PDF/UA-1 identifier (ISO 14289-1, 5) and the description of its schema, in the form PDF/A-3 asks for.
_UA_PACKET: Final = """
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
  xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


def finish(written: bytes) -> bytes:
    """Add the PDF/UA identifier and give every link its words."""
    with pikepdf.open(io.BytesIO(written)) as pdf:
        packet = bytes(pdf.Root.Metadata.read_bytes()).decode("utf-8")
        if "pdfuaid:part" not in packet:
            packet = packet.replace("</rdf:RDF>", f"{_UA_PACKET}</rdf:RDF>", 1)
        metadata = pikepdf.Stream(pdf, packet.encode("utf-8"))
        metadata.Type, metadata.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
        # Metadata stays readable for whoever opens the file without a PDF library.
        pdf.Root.Metadata = pdf.make_indirect(metadata)
        _mend_tags(pdf)
        out = io.BytesIO()
        pdf.save(
            out,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            fix_metadata_version=False,
            deterministic_id=True,
        )
    return out.getvalue()


def _mend_tags(pdf: Any) -> None:
    """Headers say whose they are, and running heads and feet are artifacts (ISO 14289-1, 7.8).

    WeasyPrint tags the page margins but hangs them nowhere, which leaves a reader's program to guess.
    """
    reached = set()
    names: dict[str, Any] = {}
    tables = 0
    for element in structure(pdf):
        reached.add(element.objgen)
        match str(element.S):
            case "/Table":
                tables += 1
            case "/TR":
                _say_whose(element)
            case "/TH" | "/TD":
                _name_cell(element, tables, names)
    if names:
        # Ordered, as a name tree must be (ISO 32000-1, 7.9.6).
        pairs = [part for name in sorted(names) for part in (pikepdf.String(name), names[name])]
        pdf.Root.StructTreeRoot.IDTree = pdf.make_indirect(pikepdf.Dictionary(Names=pikepdf.Array(pairs)))
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    owners = {int(numbers[place]): numbers[place + 1] for place in range(0, len(numbers), 2)}
    for page in pdf.pages:
        marks = owners.get(int(page.obj.get("/StructParents", -1)))
        if not isinstance(marks, pikepdf.Array):
            continue
        loose = {number for number, owner in enumerate(marks) if owner.objgen not in reached}
        if loose:
            _make_artifacts(pdf, page, loose)
            for number in loose:
                marks[number] = None


def _say_whose(row: Any) -> None:
    """A header cell beside ordinary cells speaks for its row, in a row of headers for its column."""
    cells = [cell for cell in _kids(row) if isinstance(cell, pikepdf.Dictionary) and "/S" in cell]
    mixed = any(cell.S == "/TD" for cell in cells)
    for cell in cells:
        if cell.S == "/TH":
            attributes = cell.get("/A", pikepdf.Dictionary(O=pikepdf.Name.Table))
            attributes["/Scope"] = pikepdf.Name.Row if mixed else pikepdf.Name.Column
            cell["/A"] = attributes


def _name_cell(cell: Any, table: int, names: dict[str, Any]) -> None:
    """A table that goes over two pages is two tables here: names that were given twice become their own."""
    if "/ID" in cell:
        cell["/ID"] = pikepdf.String(f"{table}-{cell.ID}")
        names[str(cell.ID)] = cell
    attributes = cell.get("/A", {})
    if "/Headers" in attributes:
        attributes["/Headers"] = pikepdf.Array([pikepdf.String(f"{table}-{name}") for name in attributes.Headers])


def _kids(element: Any) -> list[Any]:
    under = element.get("/K", [])
    return list(under) if isinstance(under, pikepdf.Array) else [under]


def _make_artifacts(pdf: Any, page: Any, loose: set[int]) -> None:
    begin = pikepdf.Operator("BDC")
    artifact = [pikepdf.Name.Artifact, pikepdf.Dictionary(Type=pikepdf.Name.Pagination)]
    content = []
    for operands, operator in pikepdf.parse_content_stream(page):
        if (
            operator == begin
            and isinstance(operands[1], pikepdf.Dictionary)
            and int(operands[1].get("/MCID", -1)) in loose
        ):
            operands = artifact
        content.append((operands, operator))
    page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(content))


def structure(pdf: Any) -> Iterator[Any]:
    """Every element of the tag tree, in reading order."""
    waiting = [pdf.Root.StructTreeRoot]
    while waiting:
        element = waiting.pop()
        if "/S" in element:
            yield element
        kids = element.get("/K", [])
        kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
        waiting.extend(
            kid for kid in reversed(kids) if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") != "/OBJR"
        )


# --- HTML that other apps wrote ---------------------------------------------------------------------------------------

_HEADING = re.compile(r"<(/?)h([1-6])(?=[\s>])", re.IGNORECASE)
_FIRST_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_LIVE = re.compile(r"<(script|form|button|template|iframe|object|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_LOOSE = re.compile(r"<(link|base|meta|input|embed)\b[^>]*>", re.IGNORECASE)
_IDS = re.compile(r'(\s)(id|aria-labelledby|aria-describedby|for)="[^"]*"')


def for_paper(fragment: str, *, top: int = 3, said: str = "") -> str:
    """A section's HTML as a part of the report: headings begin at `top` without gaps, nothing to click, no ids.

    Screen readers walk a PDF by its headings: after a second level comes a third. Ids of two sections could collide
    and send a link of the contents to the wrong page. A first heading that repeats the chapter's title (`said`) goes.
    """
    quiet = _LOOSE.sub("", _LIVE.sub("", fragment))
    first = _FIRST_HEADING.search(quiet)
    if said and first and unescape(_TAG.sub("", first[2])).strip() == said.strip():
        quiet = quiet[: first.start()] + quiet[first.end() :]
    levels = [int(match[2]) for match in _HEADING.finditer(quiet) if not match[1]]
    if not levels:
        return _IDS.sub("", quiet)
    below = min(levels)
    fitted: list[int] = []
    for level in levels:
        wanted = top + level - below
        fitted.append(min(wanted, (fitted[-1] + 1) if fitted else top, 6))
    queue = iter(fitted)
    last = top

    def fit(match: re.Match[str]) -> str:
        nonlocal last
        if not match[1]:
            last = next(queue)
        return f"<{match[1]}h{last}"

    return _IDS.sub("", _HEADING.sub(fit, quiet))


_NO_MEANING: Final = frozenset({"Co", "Cn", "Cs"})  # private, unassigned, halves: nobody can say what they are


@lru_cache(maxsize=1)
def _covered(fonts: Path) -> frozenset[int]:
    """The characters that our fonts can draw."""
    files = {file for _, weight, style, file in FONTS if weight == 400 and style == "normal"}
    return frozenset(code for file in files for code in ttLib.TTFont(fonts / file, lazy=True).getBestCmap())


def spelt_out(text: str, covered: Set[int]) -> str:
    """Signs that our fonts lack (emoji, private symbols) as their name: 🚀 becomes [rocket].

    A box that stands for nothing is forbidden on archived paper and says nothing to anybody (ISO 14289-1, 7.21.8).
    Letters of other scripts are left to the fonts of the machine.
    """

    def name(match: re.Match[str]) -> str:
        letter = match[0]
        kind = unicodedata.category(letter)
        if kind in _NO_MEANING or letter in "\ufeff\ufffe" or "\U0001f3fb" <= letter <= "\U0001f3ff":
            return ""
        if ord(letter) in covered or kind not in {"So", "Sk"}:
            return letter
        return f"[{unicodedata.name(letter, 'sign').lower()}]"

    return re.sub(r"[^\x00-\u02ff\u3000-\u9fff]", name, text)


def css_string(text: str) -> str:
    """A text as a CSS string: quotes, backslashes and line ends can't leave it."""
    safe = "".join(f"\\{ord(letter):x} " if letter in '"\\<>' or ord(letter) < 32 else letter for letter in text)
    return f'"{safe}"'
