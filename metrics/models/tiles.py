"""A tile of a dashboard: what it shows of which numbers, and where it lies. Kept in its dashboard's row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.analysis.grids import Place, within

MOST_TILES = 60
MOST_SOURCES = 8
MOST_TEXT = 4000


class TileKind(models.TextChoices):
    """How a tile shows its numbers."""

    NUMBER = "number", pgettext_lazy("kind of tile", "Number")
    LINE = "line", pgettext_lazy("kind of tile", "Line")
    BAR = "bar", pgettext_lazy("kind of tile", "Bars")
    STACKED = "stacked", pgettext_lazy("kind of tile", "Stacked bars")
    HEAT = "heat", pgettext_lazy("kind of tile", "Hours of the week")
    PARETO = "pareto", pgettext_lazy("kind of tile", "Pareto")
    FUNNEL = "funnel", pgettext_lazy("kind of tile", "Funnel")
    TABLE = "table", pgettext_lazy("kind of tile", "Table")
    GAUGE = "gauge", pgettext_lazy("kind of tile", "Target gauge")
    TEXT = "text", pgettext_lazy("kind of tile", "Text")


SIZES: Mapping[str, tuple[int, int]] = {
    "number": (3, 2), "line": (6, 4), "bar": (6, 4), "stacked": (6, 4), "heat": (6, 4), "pareto": (6, 4),
    "funnel": (4, 4), "table": (4, 4), "gauge": (3, 3), "text": (4, 2),
}  # fmt: skip
SEVERAL = {
    TileKind.LINE,
    TileKind.BAR,
    TileKind.STACKED,
    TileKind.FUNNEL,
    TileKind.TABLE,
}  # may show more than one number
ALONE = {TileKind.HEAT, TileKind.GAUGE, TileKind.FUNNEL, TileKind.PARETO}  # drawn without the time before
PARTED = {
    TileKind.LINE,
    TileKind.BAR,
    TileKind.STACKED,
    TileKind.PARETO,
    TileKind.FUNNEL,
    TileKind.TABLE,
}  # may be parted by a dimension
OVER_TIME = {TileKind.NUMBER, TileKind.LINE, TileKind.STACKED, TileKind.BAR}


@dataclass(frozen=True, slots=True)
class Tile:
    """`sources` are keys of indicators, such as `metrics.value:on-time`; the first is the one that matters."""

    id: int
    kind: str
    x: int = 0
    y: int = 0
    w: int = 3
    h: int = 2
    title: str = ""
    sources: tuple[str, ...] = ()
    by: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    grain: str = ""
    span: str = ""
    text: str = ""

    @classmethod
    def of(cls, given: Any) -> Tile | None:
        """A tile out of what is kept; None where it is none."""
        if not isinstance(given, dict) or given.get("kind") not in TileKind.values:
            return None
        names = {one.name for one in fields(cls)}
        known = {name: value for name, value in given.items() if name in names}
        known["sources"] = tuple(str(key) for key in known.get("sources") or ())
        known["labels"] = {str(name): str(value) for name, value in dict(known.get("labels") or {}).items()}
        try:
            return cls(**known)
        except TypeError:
            return None

    def kept(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", (), {}, [])} | {
            "id": self.id, "sources": list(self.sources), "x": self.x, "y": self.y,
        }  # fmt: skip

    @property
    def place(self) -> Place:
        return Place(self.id, self.x, self.y, self.w, self.h)

    def at(self, place: Place) -> Tile:
        found = within(place)
        return replace(self, x=found.x, y=found.y, w=found.w, h=found.h)

    @property
    def kind_title(self) -> Any:
        return TileKind(self.kind).label

    @property
    def is_total(self) -> bool:
        """Whether it shows one value of the whole time for each of its numbers or parts."""
        if self.kind == TileKind.BAR:
            return bool(self.by or len(self.sources) > 1)
        return self.kind in {TileKind.PARETO, TileKind.FUNNEL, TileKind.GAUGE, TileKind.TABLE}


def tiles_in(kept: Sequence[Any]) -> list[Tile]:
    """In reading order, the order in which a phone and a screen reader meet them."""
    found = [tile for one in kept if (tile := Tile.of(one)) is not None]
    return sorted(found, key=lambda tile: (tile.y, tile.x, tile.id))


SPANS: Mapping[str, tuple[int, Any]] = {
    "1d": (1, _("Today")), "7d": (7, _("7 days")), "14d": (14, _("14 days")), "30d": (30, _("30 days")),
    "90d": (90, _("90 days")), "182d": (182, _("26 weeks")), "365d": (365, _("1 year")),
    "1095d": (1095, _("3 years")),
}  # fmt: skip
