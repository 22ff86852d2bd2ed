"""Stored files go out under names that deceive nobody."""

from datetime import datetime

import pytest

from opsboard.core import storage
from opsboard.core.models import Workspace


@pytest.mark.parametrize(
    ("given", "said"), [("week\u202efdp.exe.pdf", "weekfdp.exe.pdf"), ('a"<b>|c.pdf', "a__b__c.pdf")]
)
def test_a_download_has_a_plain_name(workspace: Workspace, now: datetime, given: str, said: str) -> None:
    row = storage.keep(workspace=workspace, name=given, content=b"%PDF-1.7", now=now, content_type="application/pdf")
    answer = storage.answer(row, download=True)
    assert answer["Content-Disposition"] == f'attachment; filename="{said}"'
    answer.close()
