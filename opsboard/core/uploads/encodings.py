"""Which characters the bytes of a text file stand for.

A byte order mark decides. Without one: UTF-16 shows by its zero bytes, UTF-8 by being valid (other encodings almost
never are by chance), GB18030 by the characters it gives, and what is left is Windows-1252.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from opsboard.core.uploads.complaints import NOT_A_TABLE, UNKNOWN_ENCODING, WRONG_ENCODING, UploadError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Control characters that no table holds. Tab, line feed, carriage return and form feed may be there.
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Two-byte characters of GB 2312: punctuation and full-width (rows 1-9), the 3,755 everyday characters (rows 16-55),
# and the 3,008 rarer ones (rows 56-87).
_GB_EVERYDAY: Final = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
_GB_PAIR: Final = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x80-\xff]")
_SAMPLE: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text; ``sure`` is False where the encoding was guessed and a preview should be looked at."""

    text: str
    encoding: str
    sure: bool


def decode(content: bytes, encoding: str | None = None) -> Decoded:
    """The text of a file without its byte order mark.

    ``encoding`` None means: find out. Bytes that the encoding doesn't have, an unknown encoding, and files that aren't
    text raise ``UploadError``.
    """
    if encoding is not None:
        decoded = Decoded(_decode_as(content, encoding), encoding, sure=True)
    else:
        decoded = _find_out(content)
    if _CONTROL.search(decoded.text):
        raise UploadError(NOT_A_TABLE)
    return decoded


def _decode_as(content: bytes, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise UploadError(UNKNOWN_ENCODING, encoding=encoding[:40]) from error
    for mark, marked in _MARKS:
        if content.startswith(mark) and marked.removesuffix("-sig").startswith(name):
            content = content[len(mark) :]
            name = marked.removesuffix("-sig")
            break
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        raise UploadError(WRONG_ENCODING, encoding=encoding, byte=error.start + 1) from error
    except (LookupError, TypeError, ValueError) as error:
        # Codecs such as "hex" or "rot13" are known to Python and are no encodings of text.
        raise UploadError(UNKNOWN_ENCODING, encoding=encoding[:40]) from error
    return text


def _find_out(content: bytes) -> Decoded:
    for mark, name in _MARKS:
        if content.startswith(mark):
            plain = name.removesuffix("-sig")
            return Decoded(_decode_as(content, plain), plain, sure=True)
    wide = _wide(content)
    if wide is not None:
        return Decoded(_decode_as(content, wide), wide, sure=True)
    try:
        return Decoded(content.decode("utf-8"), "utf-8", sure=True)
    except UnicodeDecodeError:
        pass
    if _reads_as_chinese(content):
        try:
            return Decoded(content.decode("gb18030"), "gb18030", sure=True)
        except UnicodeDecodeError:
            pass
    try:
        return Decoded(content.decode("cp1252"), "cp1252", sure=False)
    except UnicodeDecodeError:
        return Decoded(content.decode("latin-1"), "latin-1", sure=False)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: in a table, most of every other byte is zero (digits, separators, line ends)."""
    sample = content[:4096]
    if len(sample) < 4 or len(content) % 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.3 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.3 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _reads_as_chinese(content: bytes) -> bool:
    """Whether the bytes above 127, taken in pairs, are mostly everyday Chinese characters.

    In Windows-1252 text such bytes stand alone between plain letters (``Größe``, ``señor``); a pair of them falls into
    the everyday rows of GB 2312 by chance only.
    """
    pairs = [match for match in _GB_PAIR.findall(content[:_SAMPLE]) if match[0] >= 0x80]
    if not pairs:
        return False
    everyday = sum(1 for pair in pairs if _GB_EVERYDAY.fullmatch(pair))
    return everyday >= 0.6 * len(pairs)
