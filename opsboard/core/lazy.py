"""Heavy libraries, loaded when they are first used.

A web worker must start in a second and stay under 150 MB; pandas, polars, scipy and plotly together cost more than that.
Whoever needs one writes, at the top of the file as always::

    from opsboard.core.lazy import polars as pl

and the library is imported when the first attribute is asked for (``pl.read_csv``). Two things to know:

* An annotation such as ``pl.DataFrame`` is evaluated when the function is defined and would load the library:
  put it in quotes, ``"pl.DataFrame"``.
* A library that is missing raises its ``ImportError`` at first use, not at start.

To mypy the names are the libraries themselves where these are typed (numpy, polars), and ``Any`` where they are not.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = [
    "LazyModule",
    "calamine",
    "is_loaded",
    "lazy",
    "networkx",
    "numba",
    "numpy",
    "openpyxl",
    "pandas",
    "pikepdf",
    "plotly",
    "plotly_graph_objects",
    "polars",
    "ruptures",
    "scipy",
    "scipy_optimize",
    "scipy_special",
    "segno",
    "statsmodels",
    "weasyprint",
]


class LazyModule(ModuleType):
    """Stands for a module until somebody asks it for something."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # Straight into __dict__: __getattr__ below is only asked for what isn't there.
        self.__dict__["_loaded"] = None

    def _load(self) -> ModuleType:
        loaded: ModuleType | None = self.__dict__["_loaded"]
        if loaded is None:
            loaded = import_module(self.__name__)
            self.__dict__["_loaded"] = loaded
        return loaded

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._load(), attribute)
        # Remember what was asked for: the next look-up costs what it costs on the real module.
        self.__dict__[attribute] = value
        return value

    def __dir__(self) -> list[str]:
        return dir(self._load())

    def __repr__(self) -> str:
        state = "loaded" if self.__dict__["_loaded"] is not None else "not loaded yet"
        return f"<lazy module {self.__name__!r}, {state}>"


def lazy(name: str) -> Any:
    """A stand-in for the module ``name`` (dotted names allowed) that imports it on first attribute use."""
    return LazyModule(name)


def is_loaded(module: Any) -> bool:
    """Whether a stand-in made by ``lazy`` has imported its library yet."""
    return isinstance(module, LazyModule) and module.__dict__["_loaded"] is not None


if TYPE_CHECKING:
    import numpy
    import polars

    pandas: Any
    scipy: Any
    scipy_special: Any
    scipy_optimize: Any
    plotly: Any
    plotly_graph_objects: Any
    networkx: Any
    openpyxl: Any
    calamine: Any
    weasyprint: Any
    pikepdf: Any
    segno: Any
    ruptures: Any
    statsmodels: Any
    numba: Any
    holidays: Any
else:
    numpy = lazy("numpy")
    polars = lazy("polars")
    pandas = lazy("pandas")
    scipy = lazy("scipy")
    scipy_special = lazy("scipy.special")
    scipy_optimize = lazy("scipy.optimize")
    plotly = lazy("plotly")
    plotly_graph_objects = lazy("plotly.graph_objects")
    networkx = lazy("networkx")
    openpyxl = lazy("openpyxl")
    calamine = lazy("python_calamine")
    weasyprint = lazy("weasyprint")
    pikepdf = lazy("pikepdf")
    segno = lazy("segno")
    ruptures = lazy("ruptures")
    statsmodels = lazy("statsmodels.api")
    numba = lazy("numba")
    holidays = lazy("holidays")
