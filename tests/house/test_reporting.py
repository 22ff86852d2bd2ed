"""What other programs may read of the database, and that they can't write."""

import pytest
from django.db import Error, connection, transaction

from metrics import services
from metrics.services import Given
from opsboard.core.models import Workspace
from tests.conftest import NOW

VIEWS = {"metrics", "points", "labels", "hourly_values", "daily_values", "alerts", "actions"}


@pytest.mark.django_db
def test_a_role_that_may_only_read_reads_every_view_and_writes_nothing(workspace: Workspace) -> None:
    sales = services.create_metric(workspace=workspace, by=None, now=NOW, name="Sales", key="sales")
    secret = services.create_metric(workspace=workspace, by=None, now=NOW, name="Pay", key="pay", limited_to=[1])
    for metric in (sales, secret):
        services.write_points(
            metric=metric, points=[Given(NOW, 2, 3, {"shop": "A", "channel": "app"})], by=None, now=NOW
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'reporting'")
        assert {name for name, kind in cursor.fetchall() if kind == "VIEW"} >= VIEWS
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'reporting' AND c.relkind <> 'v'"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("CREATE ROLE reporter_of_a_test NOLOGIN")
        cursor.execute("GRANT USAGE ON SCHEMA reporting TO reporter_of_a_test")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO reporter_of_a_test")
        cursor.execute("SET LOCAL ROLE reporter_of_a_test")
        for view in sorted(VIEWS):
            cursor.execute(f"SELECT * FROM reporting.{view} WHERE workspace = %s", [workspace.slug])
            rows = cursor.fetchall()
            assert len(rows) == {"alerts": 0, "actions": 0, "labels": 2}.get(view, 1), view
        cursor.execute("SELECT metric, labels_text, sum, weighted_sum, mean FROM reporting.daily_values")
        assert cursor.fetchall() == [("sales", "channel = app, shop = A", 2, 6, 2)]
        for forbidden in (
            "SELECT * FROM metrics_point", "SELECT * FROM core_user", "DELETE FROM metrics_metric",
            "UPDATE reporting.metrics SET name = 'x'", "DELETE FROM reporting.actions", "CREATE TABLE reporting.mine (x int)",
            "INSERT INTO reporting.points (value) VALUES (1)",
        ):  # fmt: skip
            with pytest.raises(Error, match=r"permission denied|cannot"), transaction.atomic():
                cursor.execute(forbidden)
        cursor.execute("RESET ROLE")
