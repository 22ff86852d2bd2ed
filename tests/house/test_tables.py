"""The tables that the first migrations lay have all that their models say."""

import pgtrigger
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, migrations, models

from opsboard.core.founding import AtOnce, at_once

pytestmark = pytest.mark.django_db
OURS = [
    model
    for label in ["core", *settings.TECHNIQUES, *settings.SHARED_APPS]
    for model in apps.get_app_config(label).get_models()
]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_each_constraint_index_and_trigger_of_a_model_is_in_the_database(model: type[models.Model]) -> None:
    if not model._meta.managed:
        return
    table = model._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
        columns = {column.name for column in connection.introspection.get_table_description(cursor, table)}
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table])
        triggers = {name for (name,) in cursor.fetchall()}
    for one in [*model._meta.constraints, *model._meta.indexes]:
        assert one.name in found, f"{table} lacks {one.name}"
    assert {field.column for field in model._meta.concrete_fields if field.column} <= columns
    wanted = [trigger for owner, trigger in pgtrigger.registered() if owner._meta.label == model._meta.label]
    assert {trigger.get_pgid(model) for trigger in wanted} <= triggers  # type: ignore[arg-type]


def test_what_lays_tables_is_put_together_and_the_rest_keeps_its_place() -> None:
    table = migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))])
    rule = migrations.AddConstraint("thing", models.CheckConstraint(condition=models.Q(id__gt=0), name="above_nought"))
    own = migrations.RunSQL("SELECT 1")
    first, between, last = at_once([table, rule, own, rule])
    assert isinstance(first, AtOnce)
    assert first.operations == [table, rule]
    assert between is own
    assert isinstance(last, AtOnce)
