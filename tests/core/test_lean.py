"""Long plain files are read without a table, and give the same as the careful reader or leave it to it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from opsboard.core.uploads import Columns, Limits, read_columns, read_lean, read_table, unpacked

KINDS: dict[str, Any] = {"case": "text", "step": "text", "at": "moment", "by": "text"}
KEPT: dict[str, Any] = {"by": "keep", "at": "keep"}
ROWS = "".join(f"{at // 3},step {at % 3}, 2026-10-25 0{at % 7}:30:00,\n" for at in range(60))


def both(folder: Path, content: bytes, tz: str = "Europe/Berlin") -> tuple[Columns | None, Columns]:
    path = folder / "log.csv"
    path.write_bytes(content)
    table = read_table(content, filename="log.csv")
    careful = read_columns(table, KINDS, tz=tz, on_blank=KEPT)
    cut = content[:600].rpartition(b"\n")[0] + b"\n"
    with unpacked(path, 1 << 20) as plain:
        return read_lean(
            plain, read_table(cut, filename="log.csv"), KINDS, tz=tz, on_blank=KEPT, limits=Limits()
        ), careful


@pytest.mark.parametrize(
    "content",
    [
        f"case,step,at,by\n{ROWS}", f"sep=,\ncase,step,at,by\n{ROWS}", f"case,step,at,by\n{ROWS}".replace("\n", "\r\n"),
        f"case;step;at;by\n{ROWS}".replace(",", ";"), f"case,step,at,by\n{ROWS}9,end,,\n",
        f"case,step,at,by\n{ROWS}".replace(":30:00,", ":30:00+02:00,"),
    ],
)  # fmt: skip
def test_a_long_plain_file_reads_like_a_table(tmp_path: Path, content: str) -> None:
    lean, careful = both(tmp_path, content.encode())
    assert lean is not None
    assert lean.frame.equals(careful.frame)
    assert lean.rows.to_list() == careful.rows.to_list()


@pytest.mark.parametrize(
    "content",
    [
        f"case,step,at,by\n{ROWS}1,2\n", f"case,step,at,by\n{ROWS}1,2,3,4,5\n", f"case,step,at,by\n{ROWS}\n\n1,a,2026-01-05,b\n",
        f"case,step,at,by\n{ROWS}".replace("step 1", '"step 1"'), f"case,step,at,by\n{ROWS}1,a,soon,\n", f"case,step,at,by\n{ROWS},a,,\n",
        f"case,step,at,by\n{ROWS}1,a,2026-03-29 02:30:00,\n", f"case,step,at,by\n{ROWS}1,a,1026-03-29 02:30:00,\n",
    ],
)  # fmt: skip
def test_what_needs_a_second_look_is_left_to_the_careful_reader(tmp_path: Path, content: str) -> None:
    lean, _careful = both(tmp_path, content.encode())
    assert lean is None


def test_a_packed_file_is_unpacked_beside_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    with unpacked(path, 1000) as plain:
        assert plain.read_bytes() == b"a,b\n1,2\n"
    assert not plain.exists()
    with unpacked(path, 3) as plain:
        assert len(plain.read_bytes()) > 3  # the reader refuses it by its size
