"""Whether a query only reads: one SELECT, without anything that writes, waits, locks, or reaches out of its database.

What is not known to be harmless is refused. Functions that the parser knows are sums over their arguments, but for a few;
of the others those are allowed that are listed here. Whoever needs one more puts it into a view of their database.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

from opsboard.core.lazy import lazy

sqlglot = lazy("sqlglot")
exp = lazy("sqlglot.expressions")
errors = lazy("sqlglot.errors")

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings repeat the query, and we say what is wrong with it
LONGEST = 20_000
# A comment that the database runs all the same: /*! … */ of MySQL, /*M! … */ of MariaDB.
_RUN_COMMENT = re.compile(r"/\*\s*m?\s*[!+]", re.IGNORECASE)
# Parts of a statement that change something, lock something, or write somewhere.
_WRITING = (
    "Insert", "Update", "Delete", "Merge", "Create", "Drop", "Alter", "TruncateTable", "Command", "Copy", "Into", "Lock",
    "Set", "SetItem", "Pragma", "Attach", "Detach", "Use", "LoadData", "Kill", "Transaction", "Commit", "Rollback",
    "Analyze", "Cache", "Uncache", "Refresh", "Describe", "Show", "Grant", "Revoke", "Comment", "Operator", "PropertyEQ",
    "NextValueFor", "Execute", "ExecuteSql", "Declare", "Export", "Put", "Get", "Summarize", "Install", "IntoOutfile",
    "ReadCSV", "ReadParquet", "ToFile", "Parameter", "SessionParameter", "Placeholder", "Var_", "LockingProperty",
    "DynamicIdentifier", "OpenJSON", "XMLGet", "Secret", "Host", "NetFunc", "MLForecast", "MLTranslate", "Predict",
    "AIAgg", "AIClassify", "AIEmbed", "AIForecast", "AIGenerate", "AISimilarity", "AISummarizeAgg", "GenerateText",
    "GenerateTable", "GenerateEmbedding", "VectorSearch", "FeaturesAtTime", "Semicolon", "Block", "IfBlock", "WhileBlock",
)  # fmt: skip
HARMLESS = frozenset(
    [
        "abs",
        "acos",
        "age",
        "array_agg",
        "array_length",
        "array_to_string",
        "array_upper",
        "ascii",
        "asin",
        "atan",
        "atan2",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_and",
        "bool_or",
        "btrim",
        "cardinality",
        "cbrt",
        "ceil",
        "ceiling",
        "char_length",
        "character_length",
        "chr",
        "clock_timestamp",
        "coalesce",
        "concat",
        "concat_ws",
        "cos",
        "cot",
        "count",
        "cume_dist",
        "curdate",
        "curtime",
        "date",
        "date_add",
        "date_bin",
        "date_format",
        "date_part",
        "date_sub",
        "date_trunc",
        "datediff",
        "datetime",
        "day",
        "dayname",
        "dayofmonth",
        "dayofweek",
        "dayofyear",
        "degrees",
        "dense_rank",
        "div",
        "every",
        "exp",
        "extract",
        "field",
        "find_in_set",
        "first_value",
        "floor",
        "format",
        "from_days",
        "from_unixtime",
        "generate_series",
        "get_byte",
        "greatest",
        "group_concat",
        "hex",
        "hour",
        "if",
        "ifnull",
        "iif",
        "initcap",
        "insert",
        "instr",
        "int4range",
        "interval",
        "isfinite",
        "isnull",
        "json_agg",
        "json_array",
        "json_array_elements",
        "json_array_elements_text",
        "json_array_length",
        "json_build_array",
        "json_build_object",
        "json_each",
        "json_each_text",
        "json_extract",
        "json_extract_path",
        "json_extract_path_text",
        "json_group_array",
        "json_group_object",
        "json_object",
        "json_object_agg",
        "json_object_keys",
        "json_type",
        "json_typeof",
        "json_unquote",
        "json_valid",
        "json_value",
        "jsonb_agg",
        "jsonb_array_elements",
        "jsonb_array_elements_text",
        "jsonb_array_length",
        "jsonb_build_array",
        "jsonb_build_object",
        "jsonb_each",
        "jsonb_each_text",
        "jsonb_extract_path",
        "jsonb_extract_path_text",
        "jsonb_object_agg",
        "jsonb_object_keys",
        "jsonb_path_exists",
        "jsonb_path_query",
        "jsonb_path_query_array",
        "jsonb_path_query_first",
        "jsonb_typeof",
        "julianday",
        "justify_days",
        "justify_hours",
        "justify_interval",
        "lag",
        "last_day",
        "last_value",
        "lcase",
        "lead",
        "least",
        "left",
        "length",
        "ln",
        "localtime",
        "localtimestamp",
        "locate",
        "log",
        "log10",
        "log2",
        "lower",
        "lpad",
        "ltrim",
        "make_date",
        "make_interval",
        "make_time",
        "make_timestamp",
        "make_timestamptz",
        "makedate",
        "maketime",
        "max",
        "md5",
        "mid",
        "min",
        "minute",
        "mod",
        "mode",
        "month",
        "monthname",
        "now",
        "nth_value",
        "ntile",
        "nullif",
        "num_nonnulls",
        "num_nulls",
        "numrange",
        "octet_length",
        "period_add",
        "period_diff",
        "percent_rank",
        "percentile_cont",
        "percentile_disc",
        "pi",
        "position",
        "pow",
        "power",
        "printf",
        "quarter",
        "quote_literal",
        "radians",
        "random",
        "rank",
        "regexp_count",
        "regexp_instr",
        "regexp_like",
        "regexp_match",
        "regexp_matches",
        "regexp_replace",
        "regexp_split_to_array",
        "regexp_split_to_table",
        "regexp_substr",
        "regr_slope",
        "reverse",
        "right",
        "round",
        "row_number",
        "row_to_json",
        "rpad",
        "rtrim",
        "scale",
        "sec_to_time",
        "second",
        "sign",
        "sin",
        "split_part",
        "sqrt",
        "statement_timestamp",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "str_to_date",
        "strftime",
        "string_agg",
        "string_to_array",
        "string_to_table",
        "strpos",
        "substr",
        "substring",
        "substring_index",
        "subtime",
        "sum",
        "sysdate",
        "tan",
        "time",
        "time_format",
        "time_to_sec",
        "timediff",
        "timeofday",
        "timestamp",
        "timestampadd",
        "timestampdiff",
        "timezone",
        "to_char",
        "to_date",
        "to_days",
        "to_hex",
        "to_json",
        "to_jsonb",
        "to_number",
        "to_seconds",
        "to_timestamp",
        "total",
        "transaction_timestamp",
        "translate",
        "trim",
        "truncate",
        "trunc",
        "tsrange",
        "tstzrange",
        "daterange",
        "typeof",
        "ucase",
        "unicode",
        "unistr",
        "unix_timestamp",
        "unixepoch",
        "unnest",
        "upper",
        "utc_date",
        "utc_time",
        "utc_timestamp",
        "var_pop",
        "var_samp",
        "variance",
        "week",
        "weekday",
        "weekofyear",
        "width_bucket",
        "year",
        "yearweek",
    ]
)
# The parser names these, but they tell about the server or the person who asks, not about rows.
_TELLTALE = frozenset({"current_setting", "pg_read_file", "version"})


@dataclass(frozen=True)
class Objection:
    """Why a query is not run: `what` is empty, long, unreadable, comment, several, not_a_select, writes or function."""

    what: str
    word: str = ""


def objection(sql: str, dialect: str, names: frozenset[str] = frozenset({"since", "until"})) -> Objection | None:
    """What speaks against running a query, or nothing. `names` are the values that it may ask for, as `:since`."""
    if not sql.strip():
        return Objection("empty")
    if len(sql) > LONGEST or "\x00" in sql:
        return Objection("long")
    if _RUN_COMMENT.search(sql):
        return Objection("comment")
    try:
        statements = [one for one in sqlglot.parse(sql, read=dialect) if one is not None]
    except (errors.SqlglotError, RecursionError, ValueError) as fault:
        first = (getattr(fault, "errors", None) or [{}])[0]
        return Objection("unreadable", str(first.get("highlight") or "")[:60])
    statements = [one for one in statements if type(one).__name__ != "Semicolon"]
    if len(statements) != 1:
        return Objection("several" if statements else "empty")
    root = statements[0]
    if not isinstance(root, exp.Select | exp.SetOperation | exp.Subquery):
        return Objection("not_a_select", (sql.split() or [""])[0].upper()[:20])
    return next((found for node in root.walk() if (found := _objection_to(node, names))), None)


def _objection_to(node: Any, names: frozenset[str]) -> Objection | None:
    kind = type(node).__name__
    if kind == "Placeholder" and node.name in names:
        return None
    if kind == "Command" or (kind in _WRITING and kind != "Parameter"):
        return Objection("writes", _word(node, kind))
    if kind == "Table" and str(node.name).lower().startswith("pragma_"):
        return Objection("function", str(node.name)[:60])
    if kind == "Parameter":
        return Objection("writes", f"@{node.name}")
    if kind in {"Anonymous", "AnonymousAggFunc", "CombinedAggFunc", "CombinedParameterizedAgg", "ParameterizedAgg"}:
        name = str(node.name).lower()
        if name not in HARMLESS:
            return Objection("function", name[:60])
    if isinstance(node, exp.Func) and str(getattr(node, "key", "")) in _TELLTALE:
        return Objection("function", str(node.key))
    return None


def _word(node: Any, kind: str) -> str:
    words = {
        "Into": "INTO",
        "Lock": "FOR UPDATE",
        "PropertyEQ": ":=",
        "Placeholder": f":{node.name}" if node.name else "?",
    }
    return words.get(kind, kind.upper())
