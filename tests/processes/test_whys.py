"""Five whys: asked from a bottleneck, answered with numbers, confirmed or refuted by people."""

from collections.abc import Callable

import polars as pl
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from opsboard.core.models import Occurrence, User
from processes import services
from processes.analysis import logs
from processes.models import EventLog, Process, Why

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
STEP = "Confirm stock"


def test_a_why_is_asked_two_clicks_from_the_bottleneck(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    client, url = sign_in(anna), fulfilment.get_absolute_url()
    bottlenecks = client.get(f"{url}bottlenecks/").content.decode()
    assert f'href="/north-plant/processes/{fulfilment.pk}/why/?step=Confirm%20stock"' in bottlenecks
    asked = client.get(f"{url}why/?step=Confirm%20stock").content.decode()
    assert "Why does work wait before “Confirm stock”?" in asked
    made = client.post(f"{url}why/?step=Confirm%20stock", {"text": "Stock is confirmed by hand", "parent": ""})
    assert made.status_code == 303
    first = Why.objects.get()
    client.post(f"{url}why/?step=Confirm%20stock", {"text": "The systems do not talk", "parent": str(first.pk)})
    shown = client.get(made.headers["Location"]).content.decode()
    assert shown.index("Stock is confirmed by hand") < shown.index("The systems do not talk")
    assert "Why 2" in shown
    assert "chart-fishbone" in shown


def test_an_answer_is_confirmed_or_refuted_and_others_may_remark(
    fulfilment: Process, anna: User, sign_in: SignIn
) -> None:
    client, now = sign_in(anna), timezone.now()
    why = services.answer_why(process=fulfilment, step=STEP, text="By hand", by=anna, now=now)
    client.post(f"{fulfilment.get_absolute_url()}why/{why.pk}/judge/", {"state": "confirmed"})
    client.post(f"{fulfilment.get_absolute_url()}why/{why.pk}/judge/", {"state": "confirmed"})
    assert Occurrence.objects.filter(key="processes.cause_confirmed").count() == 1
    client.post(f"{fulfilment.get_absolute_url()}why/{why.pk}/judge/", {"state": "perhaps"})
    client.post(f"{fulfilment.get_absolute_url()}why/{why.pk}/remark/", {"text": "Seen it <b>myself</b>"})
    shown = client.get(f"{fulfilment.get_absolute_url()}why/?why={why.pk}").content.decode()
    assert "Confirmed" in shown
    assert "Seen it &lt;b&gt;myself&lt;/b&gt;" in shown
    assert "Open an action" in shown
    client.post(f"{fulfilment.get_absolute_url()}why/{why.pk}/remove/")
    assert not Why.objects.exists()


def test_what_the_numbers_suggest_can_be_taken_as_evidence(fulfilment: Process, anna: User, sign_in: SignIn) -> None:
    """Every second order is for a far warehouse, and waits three days longer."""
    log = EventLog.objects.get()
    frame = logs.read(log.file.file.path)
    far = frame["number"].to_numpy() % 2 == 0
    shifted = frame.with_columns(
        pl.when((pl.col("activity").cast(pl.String) != "Register") & pl.Series(far)).then(pl.col("start") + pl.duration(hours=72)).otherwise("start").alias("start"),
        pl.when((pl.col("activity").cast(pl.String) != "Register") & pl.Series(far)).then(pl.col("end") + pl.duration(hours=72)).otherwise("end").alias("end"),
        pl.Series("case:warehouse", ["far" if one else "near" for one in far]),
    )  # fmt: skip
    logs.write(shifted, log.file.file.path)
    client, url = sign_in(anna), f"{fulfilment.get_absolute_url()}why/?step=Confirm%20stock"
    assert "warehouse: far: " in client.get(url).content.decode()
    client.post(url, {"text": "Two warehouses", "parent": "", "evidence": "0"})
    assert Why.objects.get().evidence["value"] == "far"
    assert client.post(url, {"text": "Other", "evidence": "77"}).status_code == 422


def test_whys_end_somewhere_and_stay_with_their_step(fulfilment: Process, anna: User) -> None:
    now, why = timezone.now(), None
    for number in range(7):
        why = services.answer_why(process=fulfilment, step=STEP, text=f"Because {number}", by=anna, now=now, parent=why)
    with pytest.raises(ValidationError, match="the cause is found"):
        services.answer_why(process=fulfilment, step=STEP, text="And", by=anna, now=now, parent=why)
    with pytest.raises(ValidationError, match="another step"):
        services.answer_why(process=fulfilment, step="Pack", text="And", by=anna, now=now, parent=why)
    with pytest.raises(ValidationError):
        services.answer_why(process=fulfilment, step=STEP, text="", by=anna, now=now)


def test_before_anything_is_measured_the_page_says_what_it_is_for(
    fulfilment: Process, anna: User, sign_in: SignIn
) -> None:
    EventLog.objects.all().delete()
    client = sign_in(anna)
    assert "Nothing to ask about yet" in client.get(f"{fulfilment.get_absolute_url()}why/").content.decode()
    assert client.get(f"{fulfilment.get_absolute_url()}why/?why=999999").status_code == 404
