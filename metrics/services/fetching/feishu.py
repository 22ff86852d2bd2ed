"""Values from a table of Feishu Base, through its HTTP API."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from metrics.services.fetching import web
from metrics.services.fetching.asking import MOST_ROWS, Question, Unanswered
from metrics.services.fetching.sql import too_many
from opsboard.core import net
from opsboard.core.uploads import Table, columns_of, table_of

HOSTS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
PAGE = 500
ID = re.compile(r"[A-Za-z0-9_-]{4,80}\Z")
# The address of a base in a browser: …feishu.cn/base/<app>?table=<table>&view=<view>
_ADDRESS = re.compile(r"^https://[^/\s]+/base/(?P<app>[A-Za-z0-9_-]+)\?(?:[^#]*&)?table=(?P<table>[A-Za-z0-9_-]+)")
_VIEW = re.compile(r"[?&]view=([A-Za-z0-9_-]+)")


def from_address(address: str) -> dict[str, str]:
    """The ids in a base's address, as people copy it out of their browser."""
    found = _ADDRESS.match(address.strip())
    if found is None:
        return {}
    view = _VIEW.search(address)
    return {"app": found["app"], "table": found["table"], "view": view[1] if view else ""}


def check(asks: Any) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not ID.match(str(asks.get("app") or "")) or not ID.match(str(asks.get("table") or "")):
        wrong["url"] = _("Copy the address of the table from your browser: it holds “/base/” and “table=”.")
    if not ID.match(str(asks.get("app_id") or "")):
        wrong["app_id"] = _("Give the App ID of your Feishu app.")
    if str(asks.get("host") or "feishu") not in HOSTS:
        wrong["host"] = _("Choose Feishu or Lark.")
    return wrong


def fetch(question: Question) -> Table:
    asks = question.asks
    if wrong := check(asks):
        raise Unanswered(" ".join(wrong.values()))
    base, until = HOSTS[str(asks.get("host") or "feishu")], time.monotonic() + question.deadline
    question.progress(0.05, _("Asking Feishu"))
    headers = {"Authorization": f"Bearer {_token(base, question, until)}"}
    place = f"{base}/open-apis/bitable/v1/apps/{quote(asks['app'])}/tables/{quote(asks['table'])}/records"
    rows: list[dict[str, Any]] = []
    page = ""
    while True:
        given = {"page_size": min(PAGE, question.most), "page_token": page, "view_id": asks.get("view") or ""}
        answer = web.ask(f"{place}?{urlencode({k: v for k, v in given.items() if v})}", headers, until)
        told = _told(answer)
        rows += [
            {name: _plain(cell) for name, cell in (one.get("fields") or {}).items()} for one in told.get("items") or []
        ]
        following = str(told.get("page_token") or "") if told.get("has_more") else ""
        if len(rows) > MOST_ROWS:
            raise Unanswered(too_many())
        if not following or following == page or (question.peek and len(rows) >= question.most):
            break
        page = following
        question.progress(min(0.05 + len(rows) / MOST_ROWS, 0.24), _("%(count)s rows read") % {"count": len(rows)})
    rows = rows[: question.most]
    names = columns_of(rows, most=web.MOST_COLUMNS)
    return table_of(names, ([row.get(name) for name in names] for row in rows), filename="feishu")


def _token(base: str, question: Question, until: float) -> str:
    try:
        answer = net.post(
            f"{base}/open-apis/auth/v3/tenant_access_token/internal",
            json={"app_id": question.asks["app_id"], "app_secret": str(question.secret.get("app_secret") or "")},
            deadline=max(1.0, until - time.monotonic()),
        )
    except net.OutboundError as fault:
        raise Unanswered(str(fault)) from fault
    told = _parsed(answer)
    if told.get("code") != 0 or not told.get("tenant_access_token"):
        raise Unanswered(
            _("Feishu does not know this app (%(code)s: %(said)s). Check App ID and App Secret.")
            % {"code": told.get("code"), "said": str(told.get("msg") or "–")[:120]}
        )
    return str(told["tenant_access_token"])


def _told(answer: net.Answer) -> dict[str, Any]:
    told = _parsed(answer)
    if told.get("code") != 0:
        raise Unanswered(
            _(
                "Feishu refused (%(code)s: %(said)s). The app needs the right to read this base, and must be added to it."
            )
            % {"code": told.get("code"), "said": str(told.get("msg") or "–")[:120]}
        )
    found = told.get("data")
    return found if isinstance(found, dict) else {}


def _parsed(answer: net.Answer) -> dict[str, Any]:
    try:
        told = answer.json()
    except net.BadAnswer as fault:
        raise Unanswered(_("The answer is not one of Feishu.")) from fault
    return told if isinstance(told, dict) else {}


def _plain(cell: Any) -> Any:
    """A cell as text: texts, people, links and choices come as lists of objects."""
    if isinstance(cell, list):
        return ", ".join(filter(None, (str(_plain(one)) for one in cell)))
    if isinstance(cell, dict):
        if isinstance(cell.get("value"), list):  # a formula, or a look-up
            return _plain(cell["value"])
        return next((str(cell[name]) for name in ("text", "name", "full_name", "link", "id") if cell.get(name)), "")
    return cell
