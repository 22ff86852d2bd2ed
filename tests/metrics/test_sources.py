"""Sources: read on a schedule, idempotent, told once when they fail and once when they go well again."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from metrics import services, tasks
from metrics.models import Metric, Point, Pull, Source
from metrics.services import fetching
from metrics.services.fetching import Unanswered, feishu, sql
from opsboard.core import jobs
from opsboard.core.imports import Plan
from opsboard.core.models import Job, Membership, Notice, Occurrence, User, Workspace

pytestmark = pytest.mark.django_db


class Elsewhere(BaseHTTPRequestHandler):
    """A shop's server: what it answers is set by each test."""

    answers: dict[str, Any] = {}
    asked: list[tuple[str, dict[str, str]]] = []

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.asked.append((self.path, dict(self.headers.items())))
        found = self.answers.get(parts.path)
        answer = (
            found({name: values[0] for name, values in parse_qs(parts.query).items()}) if callable(found) else found
        )
        if answer is None:
            self.send_error(404)
            return
        status, body, headers = answer if isinstance(answer, tuple) else (200, answer, {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()


@pytest.fixture
def shop(settings: Any) -> Iterator[str]:
    """The address of a server that the host's operator allows although it is in the private network."""
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    Elsewhere.answers, Elsewhere.asked = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def source_of(
    workspace: Workspace, by: User, now: datetime, kind: str, asks: dict[str, Any], roles: dict[str, Any],
    secret: dict[str, Any] | None = None, **settings: Any,
) -> Source:  # fmt: skip
    source = services.create_source(
        workspace=workspace, by=by, now=now, kind=kind, name=f"The {kind}", asks=asks, secret=secret
    )
    plan = Plan(columns={role: tuple(names) for role, names in roles.items()}, settings=settings)
    return services.map_columns(source=source, by=by, now=now, plan=plan)


def read(source: Source, now: datetime) -> Pull:
    """One reading as a worker does it."""
    source = Source.objects.select_related("workspace", "owner", "turn").get(pk=source.pk)
    pull = services.start_pull(source=source, by=None, now=now)
    assert pull is not None
    assert pull.job is not None
    with jobs.running(pull.job.pk) as work:
        if work is not None:
            services.read_source(work=work, now=now)
    pull.refresh_from_db()
    return pull


def counts(pull: Pull) -> tuple[int, int, int, int]:
    return pull.rows, pull.written, pull.unchanged, pull.revised


DAYS = {"at": ["day"], "value": ["orders", "sales"], "labels": ["shop"]}
TWO = {"columns": {"orders": {"name": "Orders", "grain": "day"}, "sales": {"name": "Sales", "unit": "CNY"}}}


def test_json_with_pages_fills_several_metrics_and_the_same_again_changes_nothing(
    workspace: Workspace, anna: User, now: datetime, shop: str
) -> None:
    first = {
        "data": {"items": [{"day": "2026-11-16", "orders": 4, "sales": 40.5, "shop": "Hangzhou"}]},
        "next": "/orders?page=2",
    }
    second = {"data": {"items": [{"day": "2026-11-17", "orders": 5, "sales": None, "shop": "Ningbo"}]}, "next": None}
    Elsewhere.answers["/orders"] = lambda query: second if query.get("page") else first
    asks = {"url": f"{shop}/orders?from={{since}}", "path": "data.items[*]", "next": "next"}
    source = source_of(workspace, anna, now, "http", asks, DAYS, {"headers": {"X-Key": "abc"}}, **TWO)
    pull = read(source, now)
    assert pull.state == Job.State.DONE, pull.error
    assert counts(pull) == (2, 3, 0, 0)
    assert set(Metric.objects.values_list("name", "unit", "owner")) == {
        ("Orders", "", anna.pk),
        ("Sales", "CNY", anna.pk),
    }
    assert Elsewhere.asked[0][0] == "/orders?from=1970-01-01T00%3A00%3A00Z"
    assert {headers.get("X-Key") for _path, headers in Elsewhere.asked} == {"abc"}
    assert counts(read(source, now)) == (2, 0, 3, 0)
    assert "from=2026-11-16T16" in Elsewhere.asked[2][0]  # the newest day, by Shanghai's clock
    second["data"]["items"][0]["orders"] = 6  # type: ignore[index]
    assert counts(read(source, now)) == (2, 0, 2, 1)
    source.refresh_from_db()
    assert source.mapping["settings"]["columns"] == {"orders": "orders", "sales": "sales"}
    assert set(source.turn.metrics) == set(Metric.objects.values_list("pk", flat=True))
    assert source.turn.next_at is not None
    assert source.turn.next_at.astimezone(workspace.zone).strftime("%d %H:%M") == "19 06:00"


def test_csv_comes_in_as_a_file_does(workspace: Workspace, anna: User, now: datetime, shop: str) -> None:
    text = "日期;店铺;销售额\n2026-11-16;杭州;1.234,50\n2026-11-17;宁波;12,5\n"
    Elsewhere.answers["/a.csv"] = (200, text.encode("gb18030"), {"Content-Type": "text/csv"})
    columns = {"at": ["日期"], "value": ["销售额"], "labels": ["店铺"]}
    pull = read(
        source_of(workspace, anna, now, "http", {"url": f"{shop}/a.csv"}, columns, create={"name": "Sales"}), now
    )
    assert pull.state == Job.State.DONE, pull.error
    assert sorted(Point.objects.values_list("value", flat=True)) == [12.5, 1234.5]


def test_a_failure_is_told_once_tried_again_later_and_later_and_its_end_is_told(
    workspace: Workspace, anna: User, now: datetime, shop: str
) -> None:
    source = source_of(
        workspace, anna, now, "http", {"url": f"{shop}/x"}, {"at": ["day"], "value": ["n"]}, create={"name": "N"}
    )
    pauses = []
    for number in range(8):
        moment = now + timedelta(hours=number)
        assert "has nothing at this address (404)" in read(source, moment).error
        source.turn.refresh_from_db()
        assert source.turn.next_at is not None
        pauses.append((source.turn.next_at - moment) // timedelta(minutes=1))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    told = Notice.objects.get()
    assert (told.user, told.url) == (anna, source.get_absolute_url())
    assert "404" in told.detail
    Elsewhere.answers["/x"] = [{"day": "2026-11-16", "n": 1}]
    assert counts(read(source, now + timedelta(hours=9))) == (1, 1, 0, 0)
    assert list(Notice.objects.order_by("pk").values_list("text", flat=True))[1:] == ["“The http” is read again"]
    assert list(Occurrence.objects.filter(key__startswith="metrics.source").order_by("pk").values_list("key", flat=True)) == [
        "metrics.source_failed", "metrics.source_recovered",
    ]  # fmt: skip
    read(source, now + timedelta(hours=10))
    assert Notice.objects.count() == 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((302, b"", {"Location": "http://10.0.0.1/secrets"}), "leads into a private network"),
        ((302, b"", {"Location": "http://169.254.169.254/latest"}), "leads into a private network"),
        ((401, b"{}", {}), "does not know the key"),
        ((429, b"{}", {}), "asked too often"),
        ((500, b"broken\nhere", {}), "answered with an error (500): broken here"),
        ((200, b"{nonsense", {}), "not JSON"),
        ((200, b'{"rows": {"a": 1}}', {}), "There is no “data” in the answer; there are: rows."),
        ((200, b'{"data": [{"day": "2026-11-16", "n": "many"}]}', {}), "1 thing is wrong"),
        ((200, b'{"data": [{"day": "2026-11-16", "n": NaN}]}', {}), "1 thing is wrong"),
        ((200, b'{"data": [{"when": "2026-11-16", "n": 1}]}', {}), "no column named “day”"),
        ((200, b'{"data": [{"day": "03/04/2026", "n": 1}]}', {}), "1 thing is wrong"),
    ],
)
def test_what_cannot_be_read_is_said_in_words_and_nothing_is_written(
    workspace: Workspace, anna: User, now: datetime, shop: str, answer: Any, told: str
) -> None:
    Elsewhere.answers["/x"] = answer
    asks = {"url": f"{shop}/x", "path": "data"}
    pull = read(
        source_of(workspace, anna, now, "http", asks, {"at": ["day"], "value": ["n"]}, create={"name": "N"}), now
    )
    assert pull.state == Job.State.FAILED
    assert told in pull.error
    assert not Point.objects.exists()
    assert not Metric.objects.exists()


def test_a_source_that_hangs_is_given_up(
    workspace: Workspace, anna: User, now: datetime, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    Elsewhere.answers["/x"] = lambda _query: over.wait(5) and None
    monkeypatch.setattr(fetching.asking, "DEADLINE", 0.3)
    source = source_of(
        workspace, anna, now, "http", {"url": f"{shop}/x"}, {"at": ["day"], "value": ["n"]}, create={"name": "N"}
    )
    began = time.monotonic()
    assert "did not answer in time" in read(source, now).error
    over.set()
    assert time.monotonic() - began < 3


def test_private_addresses_are_refused_unless_the_operator_allows_them(
    workspace: Workspace, anna: User, now: datetime
) -> None:
    refused = [
        ("http", {"url": "http://192.168.1.5/orders"}, "url"),
        ("http", {"url": "file:///etc/passwd"}, "url"),
        ("prometheus", {"url": "http://localhost:9090", "query": "up"}, "url"),
        ("sql", {"database": "postgresql", "host": "127.0.0.1", "db": "x", "query": "select 1"}, "host"),
        ("sql", {"database": "postgresql", "host": "/var/run/postgresql", "db": "x", "query": "select 1"}, "host"),
        ("sql", {"database": "mysql", "host": "10.0.0.1,db.example", "db": "x", "query": "select 1"}, "host"),
        ("sql", {"database": "sqlite", "db": "../secret_key", "query": "select 1"}, "db"),
        ("sql", {"database": "postgresql", "host": "db.example", "db": "x", "query": "delete from t"}, "query"),
    ]
    for kind, asks, field in refused:
        with pytest.raises(ValidationError) as refusal:
            services.create_source(workspace=workspace, by=anna, now=now, kind=kind, name="x", asks=asks)
        assert field in refusal.value.message_dict, asks
    assert not Source.objects.exists()


# --- databases --------------------------------------------------------------------------------------------------------


def own_database() -> dict[str, Any]:
    own = django_settings.DATABASES["default"]
    return {
        "database": "postgresql",
        "host": own["HOST"],
        "port": int(own["PORT"]),
        "db": own["NAME"],
        "user": own["USER"],
    }


@pytest.fixture
def foreign(settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The test's own server, as if it were somebody else's."""
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1", "localhost", "::1"]
    monkeypatch.setattr(sql, "is_the_house", lambda _address, _port: False)
    return own_database()


QUERY = """
select d as day, 'Hangzhou' as shop, extract(day from d)::numeric(10, 2) as orders
from generate_series(timestamp '2026-11-01', timestamp '2026-11-10', interval '1 day') d where d >= :since
"""


def test_a_query_is_read_from_the_newest_day_on(
    workspace: Workspace, anna: User, now: datetime, foreign: dict[str, Any]
) -> None:
    columns = {"at": ["day"], "value": ["orders"], "labels": ["shop"]}
    secret = {"password": django_settings.DATABASES["default"]["PASSWORD"]}
    source = source_of(
        workspace, anna, now, "sql", {**foreign, "query": QUERY}, columns, secret, create={"name": "Orders"}
    )
    pull = read(source, now)
    assert pull.state == Job.State.DONE, pull.error
    assert counts(pull) == (10, 10, 0, 0)
    assert Point.objects.earliest("at").at.astimezone(workspace.zone).isoformat() == "2026-11-01T00:00:00+08:00"
    assert counts(read(source, now)) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select lo_create(0) as a", "read-only transaction"),
        (
            "select set_config('statement_timeout', '0', false), set_config('transaction_read_only', 'off', false)",
            "read-write mode",
        ),
        ("select * from there_is_no_such_table", "does not exist"),
        ("select pg_sleep(5)", "statement timeout"),
        ("select 1 as a from generate_series(1, 300000)", "more than 200,000 rows"),
        ("select repeat('x', 1000000) as a from generate_series(1, 60)", "larger than is read at once"),
    ],
)
def test_the_database_itself_refuses_what_slips_past_the_first_lock(
    workspace: Workspace, anna: User, now: datetime, foreign: dict[str, Any], monkeypatch: pytest.MonkeyPatch, query: str, told: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("metrics.analysis.objection", lambda *_args: None)
    monkeypatch.setattr(sql, "SECONDS", 1)
    asks = {**foreign, "query": query}
    secret = {"password": django_settings.DATABASES["default"]["PASSWORD"]}
    pull = read(source_of(workspace, anna, now, "sql", asks, {"at": ["a"], "value": ["b"]}, secret), now)
    assert told in pull.error


def test_opsboards_own_database_is_not_asked(workspace: Workspace, anna: User, now: datetime, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = ["*"]
    for host in ("127.0.0.1", "localhost"):
        asks = {**own_database(), "host": host, "query": "select email from core_user"}
        with pytest.raises(Unanswered, match="own database"):
            services.look(Source(workspace=workspace, owner=anna, kind="sql", asks=asks), now=now)


def test_a_file_of_sqlite_is_read_only_in_its_folder(
    workspace: Workspace, anna: User, now: datetime, settings: Any, tmp_path: Path
) -> None:
    settings.SOURCES_FOLDER = str(tmp_path / "allowed")
    (tmp_path / "allowed").mkdir()
    for name in ("allowed/shop.db", "secret.db"):
        with sqlite3.connect(tmp_path / name) as made:
            made.execute("create table sales (day text, n real)")
            made.execute("insert into sales values ('2026-11-16', 2.5)")
    asks = {
        "database": "sqlite",
        "db": "shop.db",
        "query": "select day, sum(n) as n from sales where day > :since group by 1",
    }
    pull = read(
        source_of(workspace, anna, now, "sql", asks, {"at": ["day"], "value": ["n"]}, create={"name": "N"}), now
    )
    assert counts(pull) == (1, 1, 0, 0), pull.error
    for name in ("../secret.db", str(tmp_path / "secret.db"), "nothing.db", ""):
        assert "db" in fetching.check("sql", {**asks, "db": name}), name


# --- Prometheus, Feishu, the house itself ------------------------------------------------------------------------------


def test_prometheus_answers_what_is_missing_since_the_last_time(
    workspace: Workspace, anna: User, now: datetime, shop: str
) -> None:
    def answer(query: dict[str, str]) -> Any:
        start, end, step = (int(query[name]) for name in ("start", "end", "step"))
        values = [[at, "NaN" if at == start else str(at % 7)] for at in range(start, end + 1, step)]
        return {
            "status": "success",
            "data": {"resultType": "matrix", "result": [{"metric": {"job": "api"}, "values": values}]},
        }

    Elsewhere.answers["/api/v1/query_range"] = answer
    asks = {"url": shop, "query": "sum(rate(x[5m])) by (job)", "step": 3600, "days": 1}
    columns = {"at": ["time"], "value": ["value"], "labels": ["job"]}
    source = source_of(workspace, anna, now, "prometheus", asks, columns, create={"name": "Load", "grain": "hour"})
    assert counts(read(source, now)) == (24, 24, 0, 0)
    later = read(source, now + timedelta(hours=2))
    assert later.rows == 2  # the newest hour again came as NaN
    Elsewhere.answers["/api/v1/query_range"] = (400, {"status": "error", "error": "parse error"}, {})
    assert "parse error" in read(source, now + timedelta(hours=3)).error


def test_a_feishu_base_is_read_page_by_page(
    workspace: Workspace, anna: User, now: datetime, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(feishu.HOSTS, "feishu", shop)
    fields = {"日期": 1763251200000, "店铺": [{"text": "杭州", "type": "text"}], "单数": 7}
    Elsewhere.answers |= {
        "/open-apis/auth/v3/tenant_access_token/internal": {"code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200},
        "/open-apis/bitable/v1/apps/bascn123/tables/tbl456/records": lambda query: {
            "code": 0, "data": {"items": [{"record_id": "a", "fields": fields if not query.get("page_token") else {**fields, "日期": 1763337600000}}],
                                "has_more": not query.get("page_token"), "page_token": "next"}},
    }  # fmt: skip
    asks = {"app_id": "cli_a1b2", **feishu.from_address("https://firm.feishu.cn/base/bascn123?table=tbl456&view=vew1")}
    columns = {"at": ["日期"], "value": ["单数"], "labels": ["店铺"]}
    source = source_of(
        workspace, anna, now, "feishu", asks, columns, {"app_secret": "s3cret"}, create={"name": "Orders"}
    )
    pull = read(source, now)
    assert counts(pull) == (2, 2, 0, 0), pull.error
    assert Point.objects.values_list("label_set__labels", flat=True)[0] == {"店铺": "杭州"}
    assert Elsewhere.asked[1][1]["Authorization"] == "Bearer t-1"
    Elsewhere.answers["/open-apis/auth/v3/tenant_access_token/internal"] = {"code": 10003, "msg": "invalid param"}
    assert "does not know this app (10003: invalid param)" in read(source, now).error


def test_a_number_of_the_house_and_a_table_of_it_become_metrics(
    workspace: Workspace, anna: User, adam: User, now: datetime
) -> None:
    asks, columns = {"indicator": "work.overdue"}, {"at": ["time"], "value": ["value"]}
    source = source_of(
        workspace, anna, now, "indicator", asks, columns, create={"name": "Overdue", "aggregation": "last"}
    )
    pull = read(source, now)
    assert pull.written >= 1, (pull.error, pull.state, pull.rows)
    assert Point.objects.filter(label_set__metric__name="Overdue").exists()
    Metric.objects.create(workspace=workspace, key="secret", name="Secret", created_at=now, limited_to=[999])
    table = {"dataset": "metrics.list"}
    mine = services.look(Source(workspace=workspace, owner=anna, kind="dataset", asks=table), now=now)
    all_of_it = services.look(Source(workspace=workspace, owner=adam, kind="dataset", asks=table), now=now)
    assert "secret" not in mine.texts("key").to_list()
    assert "secret" in all_of_it.texts("key").to_list()
    with pytest.raises(ValidationError, match="only you can be the owner"):
        services.create_source(workspace=workspace, by=anna, now=now, kind="dataset", name="x", asks=table, owner=adam)


# --- turns ------------------------------------------------------------------------------------------------------------


def test_each_source_that_is_due_is_begun_once_and_a_lost_one_is_settled(
    workspace: Workspace, anna: User, now: datetime, shop: str
) -> None:
    columns = {"at": ["day"], "value": ["n"]}
    due, paused = (
        source_of(workspace, anna, now, "http", {"url": f"{shop}/{name}"}, columns, create={"name": name})
        for name in "ab"
    )
    draft = services.create_source(
        workspace=workspace, by=anna, now=now, kind="http", name="c", asks={"url": f"{shop}/c"}
    )
    services.pause_source(source=paused, by=anna, now=now)
    assert [services.start_due(now=now), services.start_due(now=now)] == [1, 0]
    pull = Pull.objects.get()
    assert pull.source == due
    assert services.start_pull(source=due, by=anna, now=now) is None  # somebody is at it
    Job.objects.filter(pk=pull.job_id or 0).update(
        state=Job.State.FAILED, error="The worker stopped three times during this work."
    )
    services.start_due(now=now + timedelta(seconds=30))
    pull.refresh_from_db()
    assert (pull.state, pull.error) == (Job.State.FAILED, "The worker stopped three times during this work.")
    assert Notice.objects.filter(user=anna).count() == 1
    assert not Pull.objects.filter(source__in=[paused, draft]).exists()
    Membership.objects.filter(user=anna).delete()
    assert "has left" in read(Source.objects.get(pk=due.pk), now + timedelta(hours=1)).error


def test_the_worker_reads_and_the_beat_begins(workspace: Workspace, anna: User, now: datetime, shop: str) -> None:
    Elsewhere.answers["/x"] = [{"day": "2026-11-16", "n": 1}]
    source = source_of(
        workspace, anna, now, "http", {"url": f"{shop}/x"}, {"at": ["day"], "value": ["n"]}, create={"name": "N"}
    )
    assert tasks.start_due_sources() == 1
    tasks.pull_source(Pull.objects.get(source=source).job_id)
    assert Pull.objects.get(source=source).state == Job.State.DONE
    cancelled = services.start_pull(source=source, by=anna, now=now)
    assert cancelled is not None
    assert cancelled.job is not None
    jobs.cancel(job=cancelled.job, now=now)
    services.settle(now=now)
    cancelled.refresh_from_db()
    assert cancelled.state == Job.State.CANCELLED


# --- pages ------------------------------------------------------------------------------------------------------------


def test_from_the_address_to_the_first_values_by_the_pages(
    workspace: Workspace, anna: User, wang: User, victor: User, shop: str, sign_in: Callable[[User], Client],
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    Elsewhere.answers["/x"] = [
        {"day": f"2026-11-{day}", "orders": day, "sales": day * 2.5, "shop": "A"} for day in range(10, 17)
    ]
    client, at = sign_in(anna), {"workspace": workspace.slug}
    assert "read by itself yet" in client.get(reverse("metrics:source_list", kwargs=at)).content.decode()
    form = {
        "name": "Web shop",
        "url": f"{shop}/x",
        "headers": "Authorization: Bearer topsecret",
        "every": "300",
        "owner": anna.pk,
    }
    new = reverse("metrics:create_source", kwargs={**at, "kind": "http"})
    refused = client.post(new, {**form, "url": f"{shop}/nothing"})
    assert refused.status_code == 422
    assert "404" in refused.content.decode()
    answer = client.post(new, form)
    assert answer.status_code == 303, answer.content.decode()
    columns = answer.headers["Location"]
    page = client.get(columns)
    assert [column["role"] for column in page.context["columns"]] == ["at", "value", "value", "labels"]
    assert len(page.context["seen"]) == 8
    mapping = {"column_0": "at", "column_1": "value", "column_2": "value", "column_3": "labels", "into_1": "+", "name_1": "Orders",
               "adds_1": "sum", "into_2": "+", "name_2": "", "adds_2": "sum", "step": "save"}  # fmt: skip
    assert client.post(columns, mapping).status_code == 422
    assert client.post(columns, {**mapping, "name_2": "Sales"}).status_code == 303
    source = Source.objects.get()
    tasks.pull_source(Pull.objects.get().job_id)
    assert set(Metric.objects.values_list("name", flat=True)) == {"Orders", "Sales"}
    url = source.get_absolute_url()
    for who in (anna, wang, victor):
        with django_assert_max_num_queries(32):
            shown = sign_in(who).get(url)
        assert "Orders" in shown.content.decode()
        assert "topsecret" not in shown.content.decode()
    edit = reverse("metrics:change_source", kwargs={**at, "pk": source.pk})
    assert "topsecret" not in client.get(edit).content.decode()
    assert [sign_in(who).get(edit).status_code for who in (wang, victor)] == [403, 403]
    moved = client.post(edit, {**form, "headers": "", "url": "https://other.example/x", "version": "1"})
    assert "enter the password or key anew" in moved.content.decode()
    assert client.post(edit, {**form, "headers": "", "name": "Shop", "version": "1"}).status_code == 303
    source.refresh_from_db()
    assert source.name == "Shop"
    assert services.look(source, now=source.created_at)
    assert Elsewhere.asked[-1][1]["Authorization"] == "Bearer topsecret"
    run = reverse("metrics:pull", kwargs={**at, "pk": source.pk, "run": Pull.objects.get().pk})
    with django_assert_max_num_queries(32):
        assert client.get(run).status_code == 200
    with django_assert_max_num_queries(32):
        listed = client.get(reverse("metrics:source_list", kwargs=at), {"state": "ok"})
    assert "Shop" in listed.content.decode()
    exported = client.get(reverse("metrics:source_list", kwargs=at), {"export": "csv"}).getvalue().decode()
    assert "topsecret" not in exported
    for verb in ("pause_source", "resume_source", "run_source", "delete_source"):
        assert client.post(reverse(f"metrics:{verb}", kwargs={**at, "pk": source.pk})).status_code in {204, 303}
    assert not Source.objects.exists()
    assert Point.objects.count() == 14
