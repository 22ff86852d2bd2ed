"""Lay the tables of a first migration at once.

Django applies a migration's operations one by one, and computes all models anew for each constraint and trigger that is
added: with some hundred of them that takes longer than everything else of a first start. In a first migration nothing
has to be kept, so each table is made in its final shape, and the triggers after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pgtrigger.migrations
from django.db import migrations
from django.db.migrations.operations.base import Operation

FINAL = (migrations.AddField, migrations.AddConstraint, migrations.AddIndex)
TRIGGERS = (pgtrigger.migrations.AddTrigger,)


class AtOnce(Operation):
    """Some operations of a first migration: tables with all their fields, constraints and indexes, then triggers."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__name__, [self.operations], {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)  # what was computed is out of date; compute it once, when it is asked for
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in self.operations:
            if isinstance(operation, migrations.CreateModel):
                model = to_state.apps.get_model(app_label, operation.name)
                if self.allow_migrate_model(schema_editor.connection.alias, model):
                    schema_editor.create_model(model)
        for operation in self.operations:
            if isinstance(operation, TRIGGERS):
                operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in reversed(self.operations):
            if isinstance(operation, migrations.CreateModel):
                model = from_state.apps.get_model(app_label, operation.name)
                if self.allow_migrate_model(schema_editor.connection.alias, model):
                    schema_editor.delete_model(model)

    def describe(self) -> str:
        return f"Lay {sum(isinstance(one, migrations.CreateModel) for one in self.operations)} tables at once"


def at_once(operations: Iterable[Operation]) -> list[Operation]:
    """The operations of a first migration, those that lay tables put together; others keep their place."""
    answer: list[Operation] = []
    together: list[Operation] = []
    for operation in operations:
        if isinstance(operation, (migrations.CreateModel, *FINAL, *TRIGGERS)):
            together.append(operation)
            continue
        answer += [AtOnce(together)] * bool(together) + [operation]
        together = []
    return answer + [AtOnce(together)] * bool(together)
