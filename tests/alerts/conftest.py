from collections.abc import Iterator

import pytest

from opsboard.core import registry
from tests.alerts import numbers as told


@pytest.fixture
def numbers() -> Iterator[None]:
    """The house has three numbers to watch; `tests.alerts.numbers.tell` sets them."""
    before = registry.contracts().get("metrics")
    told.forget()
    told.install()
    yield
    told.forget()
    if before is None:
        del registry.contracts()["metrics"]
    else:
        registry.contracts()["metrics"] = before
