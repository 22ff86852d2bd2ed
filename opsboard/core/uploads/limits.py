"""How much of an upload is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an upload may be. Rows don't count the header; ``max_bytes`` also holds after unpacking .gz."""

    max_bytes: int = 200_000_000
    max_rows: int = 2_000_000
    max_columns: int = 500
    max_cell: int = 32_767
