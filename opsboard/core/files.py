"""What a file is, whatever it calls itself, and how it is given back without harm. Pure: bytes in, bytes and headers out.

Files that people upload are shown to other people. So what a file is shows by its bytes; pictures are drawn anew (what
was hidden in them, such as the place where they were taken, is gone); and the answer's headers let no browser run it.
"""

import re
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

MAX_PIXELS: Final = 50_000_000
MAX_SIDE: Final = 3840

# Kinds that a browser may show in the page's own place. No SVG and no HTML: they can run.
SHOWN_IN_PLACE: Final = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp", "image/gif"})
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
UNKNOWN: Final = "application/octet-stream"

_SIGNS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-elf"),
    (b"{\\rtf", "application/rtf"),
)
_OFFICE: Final = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_MARKUP: Final = re.compile(
    rb"<\s*(!doctype|html|head|body|script|svg|iframe|object|embed|form|meta|link|style|title|img|a\b|table|div|\?xml)",
    re.IGNORECASE,
)
# Names that Windows keeps for devices.
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


class FileError(ValueError):
    """A file that can't be used. ``str()`` says why in the active language."""

    def __init__(self, text: str, **values: object) -> None:
        self.text, self.values = text, values
        super().__init__(text)

    @property
    def message(self) -> str:
        """The sentence in the active language."""
        return gettext(self.text) % self.values

    def __str__(self) -> str:
        return self.message


NOT_A_PICTURE: Final = _("This is not a picture we can read. Use a PNG, JPEG, WebP or GIF file.")
TOO_MANY_PIXELS: Final = _("The picture has more than %(limit)s million pixels. Make it smaller first.")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn anew: its bytes, its kind, and its size in pixels."""

    content: bytes
    content_type: str
    width: int
    height: int


def sniff(content: bytes) -> str:
    """The kind of a file by its bytes; ``text/plain`` for text of any kind that isn't markup; else ``UNKNOWN``.

    Markup gives ``text/html`` or ``image/svg+xml``, wherever in the first kilobyte it begins: a browser looks there too.
    """
    start = content[:1024]
    for sign, kind in _SIGNS:
        if content.startswith(sign):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return "image/heic" if content[8:12] in {b"heic", b"heix", b"mif1"} else "video/mp4"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_archive(content)
    markup = _MARKUP.search(start)
    if markup is not None:
        return "image/svg+xml" if b"<svg" in start.lower() else "text/html"
    return "text/plain" if _is_text(start) else UNKNOWN


def redraw(content: bytes, *, max_side: int = MAX_SIDE, max_pixels: int = MAX_PIXELS) -> Picture:
    """A picture drawn anew: turned as its camera says, no larger than ``max_side``, without anything else it carried.

    JPEG stays JPEG; what has transparency or few colours becomes PNG or WebP as it was; an animation keeps its first
    frame. What isn't a PNG, JPEG, WebP or GIF, and pictures of too many pixels, raise ``FileError``.
    """
    try:
        with warnings.catch_warnings():
            # The size is checked below, before anything is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            ImageFile.LOAD_TRUNCATED_IMAGES = False  # other libraries of the process switch it on
            with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
                kind = opened.format or "PNG"
                if opened.width * opened.height > max_pixels:
                    raise FileError(TOO_MANY_PIXELS, limit=max_pixels // 1_000_000)
                picture: Image.Image = ImageOps.exif_transpose(opened)
                picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    except Image.DecompressionBombError as error:
        raise FileError(TOO_MANY_PIXELS, limit=max_pixels // 1_000_000) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(NOT_A_PICTURE) from error
    picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    # A new picture of the same points: nothing of the old one's information comes along.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    target = "JPEG" if kind == "JPEG" else "WEBP" if kind == "WEBP" else "PNG"
    stream = BytesIO()
    if target == "JPEG":
        clean.convert("RGB").save(stream, "JPEG", quality=88, optimize=True, progressive=True)
    elif target == "WEBP":
        clean.save(stream, "WEBP", quality=88)
    else:
        clean.save(stream, "PNG", optimize=True)
    return Picture(stream.getvalue(), f"image/{target.lower()}", clean.width, clean.height)


def safe_name(name: str, *, fallback: str = "file") -> str:
    """A file name to show and to save under: no folders, no control characters, no tricks of writing direction.

    Chinese stays as it is. At most 200 characters, the ending kept.
    """
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    plain = re.sub(r'[<>:"|?*]', "_", plain)
    plain = re.sub(r"\s+", " ", plain).strip(" .")
    if not plain:
        return fallback
    if _DEVICES.match(plain):
        plain = f"_{plain}"
    if len(plain) > 200:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else plain[:200]
    return plain


def safe_headers(*, content_type: str, name: str, download: bool = False) -> dict[str, str]:
    """Headers under which any stored file may be answered: shown in place only where a browser can't run it."""
    in_place = content_type in SHOWN_IN_PLACE and not download
    return {
        "Content-Type": content_type if in_place else UNKNOWN,
        "Content-Disposition": disposition(name, attachment=not in_place),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


def disposition(name: str, *, attachment: bool = True) -> str:
    """``attachment; filename*=utf-8''%E6%8A%A5…`` under a safe name (RFC 6266)."""
    return content_disposition_header(attachment, safe_name(name)) or ("attachment" if attachment else "inline")


def _in_archive(content: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()[:2000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return UNKNOWN
    for folder, kind in _OFFICE:
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return kind
    return "application/zip"


def _is_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", start)
