"""What a source may ask a database: everything that only reads, and nothing else."""

import pytest

from metrics.analysis import objection

READS = [
    ("postgres", "select count(*) filter (where a), percentile_cont(0.5) within group (order by x) from t where at > :since;"),
    ("postgres", "with days as (select date_trunc('day', at) d from t) select d, count(*) from days group by 1 order by 1"),
    ("postgres", "select to_char(d, 'YYYY'), x ->> 'a', extract(epoch from y), now() at time zone 'UTC' from t, generate_series(1, 3)"),
    ("postgres", "(select 1 as a) union all select 2 limit 3"),
    ("postgres", "select 'drop table t; -- delete' as words, '10:30' as clock from t -- a remark"),
    ("mysql", "select date_format(at, '%Y-%m-%d') d, sum(x), group_concat(y) from `orders 2026` where at >= :since group by 1"),
    ("sqlite", "select date(at), strftime('%H', at), sum(x) over (partition by shop) from t"),
]  # fmt: skip

ATTACKS = [
    ("postgres", "insert into t values (1)"),
    ("postgres", "update t set a = 1"),
    ("postgres", "delete from t"),
    ("postgres", "truncate t"),
    ("postgres", "drop table t"),
    ("postgres", "alter table t add b int"),
    ("postgres", "create table u as select 1"),
    ("postgres", "select 1 into u"),
    ("postgres", "select 1; delete from t"),
    ("postgres", "select 1; commit; delete from t"),
    ("postgres", "with gone as (delete from t returning *) select * from gone"),
    ("postgres", "with new as (insert into t values (1) returning *) select * from new"),
    ("postgres", "select * from (update t set a = 1 returning a) x"),
    ("postgres", "select * from t for update"),
    ("postgres", "select * from t for share"),
    ("postgres", "copy t to '/tmp/x'"),
    ("postgres", "copy t from program 'id'"),
    ("postgres", "select pg_sleep(100)"),
    ("postgres", "select pg_catalog.pg_sleep(100)"),
    ("postgres", 'select "pg_sleep"(100)'),
    ("postgres", "select 1 where exists (select pg_sleep(100))"),
    ("postgres", "select * from pg_read_file('/etc/passwd')"),
    ("postgres", "select pg_read_binary_file('/etc/passwd')"),
    ("postgres", "select pg_ls_dir('/')"),
    ("postgres", "select lo_import('/etc/passwd')"),
    ("postgres", "select lo_export(1, '/tmp/x')"),
    ("postgres", "select set_config('transaction_read_only', 'off', false)"),
    ("postgres", "select current_setting('data_directory')"),
    ("postgres", "select * from dblink('host=10.0.0.1', 'delete from t') as x(a int)"),
    ("postgres", "select query_to_xml('delete from t', true, true, '')"),
    ("postgres", "select nextval('t_id_seq')"),
    ("postgres", "select pg_terminate_backend(1)"),
    ("postgres", "select pg_advisory_lock(1)"),
    ("postgres", "select pg_notify('a', 'b')"),
    ("postgres", "select my_own_function(1)"),
    ("postgres", "select lower('a') operator(public.!!) 1"),
    ("postgres", "explain analyze delete from t"),
    ("postgres", "do $$ begin delete from t; end $$"),
    ("postgres", "call wipe()"),
    ("postgres", "set role postgres"),
    ("postgres", "begin; select 1"),
    ("postgres", "listen x"),
    ("postgres", "vacuum t"),
    ("postgres", "values (1)"),
    ("postgres", "select $1"),
    ("postgres", "select :password"),
    ("mysql", "select 1 into outfile '/tmp/x'"),
    ("mysql", "select 1 into dumpfile '/tmp/x'"),
    ("mysql", "select 1 into @a"),
    ("mysql", "select @a := 1"),
    ("mysql", "select @@datadir"),
    ("mysql", "select load_file('/etc/passwd')"),
    ("mysql", "select sleep(100)"),
    ("mysql", "select benchmark(100000000, sha1('a'))"),
    ("mysql", "select get_lock('a', 100)"),
    ("mysql", "select /*!50000 sleep(100), */ 1"),
    ("mysql", "select 1 /*M!100 into outfile '/tmp/x' */"),
    ("mysql", "load data infile '/etc/passwd' into table t"),
    ("mysql", "replace into t values (1)"),
    ("mysql", "show grants"),
    ("mysql", "handler t open"),
    ("mysql", "select * from t lock in share mode"),
    ("sqlite", "attach 'other.db' as other"),
    ("sqlite", "pragma writable_schema = 1"),
    ("sqlite", "select load_extension('x')"),
    ("sqlite", "select writefile('x', 'y')"),
    ("sqlite", "select readfile('/etc/passwd')"),
    ("sqlite", "select * from pragma_database_list"),
    ("postgres", ""),
    ("postgres", ";;"),
    ("postgres", "select 1 from"),
    ("postgres", "select " + "(" * 4000 + "1" + ")" * 4000),
    ("postgres", "select 1" + " " * 20_001),
]


@pytest.mark.parametrize(("dialect", "sql"), READS)
def test_what_only_reads_is_run(dialect: str, sql: str) -> None:
    assert objection(sql, dialect) is None


def test_what_writes_waits_locks_or_reaches_out_is_refused() -> None:
    assert [(dialect, sql) for dialect, sql in ATTACKS if objection(sql, dialect) is None] == []
    assert len(ATTACKS) > 60
