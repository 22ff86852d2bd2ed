import subprocess
import sys

import pytest

from opsboard.core.lazy import is_loaded, lazy


def test_a_library_is_loaded_when_something_is_asked_of_it() -> None:
    program = (
        "import sys\n"
        "from opsboard.core.lazy import numpy as np, pandas, polars, scipy_special, plotly, networkx, openpyxl, calamine\n"
        "heavy = {'numpy', 'pandas', 'polars', 'scipy', 'plotly', 'networkx', 'openpyxl', 'python_calamine'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert np.arange(3).sum() == 3\n"
        "assert 'numpy' in sys.modules and 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_stand_in_gives_the_same_objects_as_the_library() -> None:
    fractions = lazy("fractions")
    assert not is_loaded(fractions)
    from_stand_in = fractions.Fraction(1, 2)
    assert is_loaded(fractions)
    assert type(from_stand_in) is sys.modules["fractions"].Fraction
    assert "loaded" in repr(fractions)
    assert "Fraction" in dir(fractions)


def test_a_missing_library_complains_at_first_use() -> None:
    missing = lazy("a_library_that_nobody_has")
    with pytest.raises(ImportError):
        missing.anything  # noqa: B018


def test_a_missing_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        lazy("fractions").NoSuchName  # noqa: B018
