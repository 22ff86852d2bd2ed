"""What PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) ask of a file, as far as a program can see it.

veraPDF checks more; where it is on the PATH a test asks it too. The clause is named beside each complaint.
"""

import io
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pikepdf

NS = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "schema": "http://www.aiim.org/pdfa/ns/schema#",
}
STANDARD_TAGS = frozenset(
    [
        "Document",
        "Part",
        "Art",
        "Sect",
        "Div",
        "BlockQuote",
        "Caption",
        "TOC",
        "TOCI",
        "Index",
        "NonStruct",
        "Private",
        "P",
        "H1",
        "H2",
        "H3",
        "H4",
        "H5",
        "H6",
        "L",
        "LI",
        "Lbl",
        "LBody",
        "Table",
        "TR",
        "TH",
        "TD",
        "THead",
        "TBody",
        "TFoot",
        "Span",
        "Quote",
        "Note",
        "Reference",
        "BibEntry",
        "Code",
        "Link",
        "Annot",
        "Figure",
        "Formula",
        "Form",
    ]
)
PAINTS = frozenset(
    ["S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "Do", "Tj", "TJ", "'", '"', "BI", "EI", "INLINE", "IMAGE"]
)
FORBIDDEN_ACTIONS = {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/Hide", "/Rendition"}


def complaints(content: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return [
            *_file(content, pdf),
            *_metadata(pdf),
            *_catalogue(pdf),
            *_objects(pdf),
            *_fonts(pdf),
            *_tags(pdf),
            *_pages(pdf),
        ]


def elements(pdf: Any) -> list[Any]:
    """The tag tree in reading order."""
    found, waiting = [], [pdf.Root.StructTreeRoot]
    while waiting:
        element = waiting.pop()
        if "/S" in element:
            found.append(element)
        waiting.extend(reversed([kid for kid in kids(element) if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]))
    return found


def kids(element: Any) -> list[Any]:
    under = element.get("/K", [])
    return list(under) if isinstance(under, pikepdf.Array) else [under]


def headings(pdf: Any) -> list[str]:
    return [str(one.S)[1:] for one in elements(pdf) if str(one.S)[1:] in {"H1", "H2", "H3", "H4", "H5", "H6"}]


def _file(content: bytes, pdf: Any) -> Iterator[str]:
    if not content.startswith(b"%PDF-1.") or (content[9:10] != b"%" and content.splitlines()[1][:1] != b"%"):
        yield "A-3 6.1.2: the header is not that of a PDF 1.x with a binary comment"
    if pdf.is_encrypted:
        yield "A-3 6.1.3: encrypted"
    if "/ID" not in pdf.trailer:
        yield "A-3 6.1.3: no file identifier"


def _metadata(pdf: Any) -> Iterator[str]:
    stream = pdf.Root.get("/Metadata")
    if stream is None:
        yield "A-3 6.6.2.1: no metadata"
        return
    packet = bytes(stream.read_bytes()).decode("utf-8")
    tree = ElementTree.fromstring(packet[packet.index("<x:xmpmeta") : packet.rindex("<?xpacket")])

    def said(space: str, name: str) -> str:
        key = f"{{{NS[space]}}}{name}"
        for node in tree.iter():
            if key in node.attrib:
                return node.attrib[key]
            if node.tag == key:
                return "".join(node.itertext()).strip()
        return ""

    if said("pdfaid", "part") != "3" or said("pdfaid", "conformance") != "A":
        yield "A-3 6.6.4: does not claim PDF/A-3a"
    if said("pdfuaid", "part") != "1":
        yield "UA-1 5: does not claim PDF/UA-1"
    if NS["pdfuaid"] not in [node.text for node in tree.iter(f"{{{NS['schema']}}}namespaceURI")]:
        yield "A-3 6.6.2.3: the pdfuaid schema is not described"
    if not said("dc", "title"):
        yield "UA-1 7.1: no dc:title"


def _catalogue(pdf: Any) -> Iterator[str]:
    root = pdf.Root
    if root.get("/MarkInfo", {}).get("/Marked") is not True or root.get("/MarkInfo", {}).get("/Suspects") is True:
        yield "UA-1 7.1: not marked as tagged"
    if not str(root.get("/Lang", "")):
        yield "UA-1 7.2: no language"
    if root.get("/ViewerPreferences", {}).get("/DisplayDocTitle") is not True:
        yield "UA-1 7.1: the title is not shown"
    if "/Outlines" not in root:
        yield "UA-1 7.17: no bookmarks"
    intents = [one for one in root.get("/OutputIntents", []) if one.S == "/GTS_PDFA1"]
    if len(intents) != 1 or int(intents[0].DestOutputProfile.N) != 3:
        yield "A-3 6.2.3: no RGB output intent"
    if "/OCProperties" in root or "/AA" in root or ("/AcroForm" in root and "/XFA" in root.AcroForm):
        yield "A-3 6.4, 6.5: layers, forms or actions in the catalogue"


def _objects(pdf: Any) -> Iterator[str]:
    for one in pdf.objects:
        if not isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            continue
        if str(one.get("/S", "")) in FORBIDDEN_ACTIONS or "/JS" in one:
            yield f"A-3 6.5.1: forbidden action {one.get('/S')}"
        if isinstance(one, pikepdf.Stream):
            filters = one.get("/Filter", pikepdf.Array())
            names = [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
            if "/LZWDecode" in names or "/Crypt" in names:
                yield "A-3 6.1.7: forbidden filter"
            if "/F" in one:
                yield "A-3 6.1.7: a stream outside the file"


def _fonts(pdf: Any) -> Iterator[str]:
    for font in pdf.objects:
        if not isinstance(font, pikepdf.Dictionary) or font.get("/Type") != "/Font" or "/Subtype" not in font:
            continue
        if font.Subtype == "/Type0":
            if "/ToUnicode" not in font:
                yield f"A-3 6.2.11.7: {font.BaseFont} can't be read as text"
            if font.Encoding not in ("/Identity-H", "/Identity-V"):
                yield f"A-3 6.2.11.3: {font.BaseFont} has a foreign encoding"
        elif font.Subtype == "/Type3":
            yield "a Type 3 font"
        descriptor = font.get("/FontDescriptor")
        if descriptor is not None and not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()):
            yield f"A-3 6.2.11.4: {font.BaseFont} is not embedded"
        if font.Subtype == "/CIDFontType2" and "/CIDToGIDMap" not in font:
            yield f"A-3 6.2.11.3.2: {font.BaseFont} has no CIDToGIDMap"


def _tags(pdf: Any) -> Iterator[str]:
    level = 0
    named = [str(one.ID) for one in elements(pdf) if "/ID" in one]
    tree = [str(name) for name in list(pdf.Root.StructTreeRoot.get("/IDTree", {}).get("/Names", []))[::2]]
    if sorted(named) != tree or len(set(named)) != len(named):
        yield "ISO 32000-1 14.7.2: names of tags are not unique or not in the tree of names"
    for one in elements(pdf):
        if not {str(name) for name in one.get("/A", {}).get("/Headers", [])} <= set(tree):
            yield "UA-1 7.5: a cell points at a header that is not there"
    for one in elements(pdf):
        tag = str(one.S)[1:]
        if tag not in STANDARD_TAGS:
            yield f"UA-1 7.1: {tag} is not a standard tag"
        if tag == "Figure" and not str(one.get("/Alt", "")):
            yield "UA-1 7.3: a figure without words"
        if tag == "TH" and "/Scope" not in one.get("/A", {}):
            yield "UA-1 7.5: a header cell without scope"
        inside = {str(kid.S)[1:] for kid in kids(one) if isinstance(kid, pikepdf.Dictionary) and "/S" in kid}
        allowed = {
            "Table": {"TR", "THead", "TBody", "TFoot", "Caption"},
            "THead": {"TR"}, "TBody": {"TR"}, "TFoot": {"TR"}, "TR": {"TH", "TD"},
            "L": {"LI", "Caption", "L"}, "LI": {"Lbl", "LBody"},
        }.get(tag)  # fmt: skip
        if allowed is not None and not inside <= allowed:
            yield f"UA-1 7.5, 7.6: {tag} holds {sorted(inside - allowed)}"
        if len(tag) == 2 and tag[0] == "H" and tag[1].isdigit():
            if int(tag[1]) > level + 1:
                yield f"UA-1 7.4.2: {tag} after H{level}"
            level = int(tag[1])


def _pages(pdf: Any) -> Iterator[str]:
    reached = {one.objgen for one in elements(pdf)}
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    owners = {int(numbers[place]): numbers[place + 1] for place in range(0, len(numbers), 2)}
    for count, page in enumerate(pdf.pages, 1):
        marks = owners.get(int(page.obj.get("/StructParents", -1)))
        depth: list[str] = []
        instructions: list[Any] = list(pikepdf.parse_content_stream(page))
        for operands, operator in instructions:
            name = str(operator)
            if name in {"BDC", "BMC"}:
                number = (
                    operands[1].get("/MCID") if name == "BDC" and isinstance(operands[1], pikepdf.Dictionary) else None
                )
                depth.append(str(operands[0]))
                if number is not None and (marks is None or marks[int(number)].objgen not in reached):
                    yield f"UA-1 7.1: page {count} has a mark that hangs on no tag"
            elif name == "EMC":
                depth.pop()
            elif name in PAINTS and not depth:
                yield f"UA-1 7.1: page {count} paints ({name}) outside tags and artifacts"
                break
        for note in page.obj.get("/Annots", []):
            if page.obj.get("/Tabs") != "/S":
                yield f"UA-1 7.18.3: page {count} has no tab order"
            if int(note.get("/F", 0)) & 4 == 0:
                yield f"A-3 6.3.2: page {count} has an annotation that is not printed"
            if note.get("/Subtype") == "/Link" and not str(note.get("/Contents", "")):
                yield f"UA-1 7.18.5: page {count} has a link without words"
            if "/StructParent" not in note:
                yield f"UA-1 7.18.1: page {count} has an annotation outside the tags"
