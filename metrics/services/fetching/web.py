"""Values from a web address: a CSV file, or JSON with its pages."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from django.utils.translation import gettext as _

from metrics import analysis
from metrics.services.fetching.asking import DEADLINE, MOST_BYTES, MOST_PAGES, MOST_ROWS, Question, Unanswered
from metrics.services.fetching.sql import too_many
from opsboard.core import net
from opsboard.core.uploads import Limits, Table, UploadError, columns_of, read_table, table_of

_LINK_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
STATUSES = {401: "signed_out", 403: "forbidden", 404: "gone", 429: "busy"}
MOST_COLUMNS = 300


def check(asks: Any) -> dict[str, str]:
    wrong: dict[str, str] = {}
    try:
        net.check_url(_filled(str(asks.get("url") or ""), {"since": "", "until": ""}))
    except net.OutboundError as reason:
        wrong["url"] = str(reason)
    for name in ("path", "next"):
        try:
            analysis.steps(str(asks.get(name) or ""))
        except ValueError:
            wrong[name] = _("Write the path with dots and brackets, such as data.items[*].")
    return wrong


def headers_of(secret: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in (secret.get("headers") or {}).items()}


def fetch(question: Question) -> Table:
    asks = question.asks
    if wrong := check(asks):
        raise Unanswered(" ".join(wrong.values()))
    moments = {
        "since": question.start.isoformat().replace("+00:00", "Z"),
        "until": question.now.isoformat().replace("+00:00", "Z"),
    }
    address = _filled(str(asks["url"]), moments)
    headers = {"Accept": "application/json, text/csv, */*;q=0.5", **headers_of(question.secret)}
    until = time.monotonic() + question.deadline
    question.progress(0.05, _("Asking %(host)s") % {"host": urlsplit(address).hostname})
    answer = ask(address, headers, until)
    if not _is_json(answer):
        return _file(answer, asks)
    rows: list[dict[str, Any]] = []
    seen, size = {address}, 0
    while True:
        size += len(answer.body)
        parsed = _parsed(answer)
        rows += _rows(parsed, str(asks.get("path") or ""))
        following = _following(answer, parsed, str(asks.get("next") or ""))
        if question.peek and len(rows) >= question.most:
            rows, following = rows[: question.most], ""
        if len(rows) > MOST_ROWS or size > MOST_BYTES:
            raise Unanswered(too_many())
        if not following or following in seen:
            break
        if len(seen) >= MOST_PAGES:
            raise Unanswered(_("The answer has more than %(limit)s pages. Ask for fewer rows.") % {"limit": MOST_PAGES})
        if urlsplit(following)[:2] != urlsplit(address)[:2]:
            headers = {"Accept": headers["Accept"]}  # keys are for the host that was named
        seen.add(following)
        question.progress(min(0.05 + 0.01 * len(seen), 0.24), _("Page %(page)s") % {"page": len(seen)})
        answer = ask(following, headers, until)
    names = columns_of(rows, most=MOST_COLUMNS)
    return table_of(names, ([row.get(name) for name in names] for row in rows), filename="answer.json")


def ask(address: str, headers: Mapping[str, str], until: float) -> net.Answer:
    """One GET, or the reason why not in words."""
    left = until - time.monotonic()
    if left <= 0:
        raise Unanswered(_("The answer took longer than %(seconds)s seconds.") % {"seconds": round(DEADLINE)})
    try:
        answer = net.fetch(address, headers=headers, timeout=min(20, left), deadline=left, max_bytes=MOST_BYTES)
    except net.OutboundError as fault:
        raise Unanswered(str(fault)) from fault
    if not answer.ok:
        raise Unanswered(refusal(answer))
    return answer


def refusal(answer: net.Answer) -> str:
    host = urlsplit(answer.url).hostname
    texts = {
        "signed_out": _("“%(host)s” does not know the key that was sent (401). Give a new one."),
        "forbidden": _("“%(host)s” does not allow this to be read (403)."),
        "gone": _("“%(host)s” has nothing at this address (404)."),
        "busy": _("“%(host)s” was asked too often (429). It is asked again later."),
    }
    kind = STATUSES.get(answer.status, "")
    said = " ".join(answer.text[:300].split()) if "html" not in answer.headers.get("content-type", "") else ""
    text = texts.get(kind) or _("“%(host)s” answered with an error (%(status)s): %(said)s")
    return text % {"host": host, "status": answer.status, "said": said[:160] or "–"}


def _filled(address: str, moments: Mapping[str, str]) -> str:
    for name, moment in moments.items():
        address = address.replace(f"{{{name}}}", quote(moment, safe=""))
    return address


def _is_json(answer: net.Answer) -> bool:
    return "json" in answer.headers.get("content-type", "") or answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in b"[{"


def _parsed(answer: net.Answer) -> Any:
    try:
        return answer.json()
    except net.BadAnswer as fault:
        raise Unanswered(_("The answer is not JSON that can be read.")) from fault


def _rows(parsed: Any, path: str) -> list[dict[str, Any]]:
    try:
        return analysis.rows_at(parsed, path)
    except analysis.NoSuchPlace as fault:
        if fault.there:
            raise Unanswered(
                _("There is no “%(step)s” in the answer; there are: %(names)s.")
                % {"step": fault.step, "names": ", ".join(fault.there)}
            ) from fault
        raise Unanswered(_("There is no “%(step)s” in the answer.") % {"step": fault.step}) from fault


def _following(answer: net.Answer, parsed: Any, path: str) -> str:
    """The address of the next page: at the path that was given, or in the Link header."""
    found = analysis.at(parsed, path) if path else None
    if isinstance(found, str) and found:
        return urljoin(answer.url, found)
    link = _LINK_NEXT.search(answer.headers.get("link", ""))
    return urljoin(answer.url, link[1]) if link else ""


def _file(answer: net.Answer, asks: Any) -> Table:
    try:
        return read_table(
            answer.body,
            filename=urlsplit(answer.url).path.rpartition("/")[2] or "answer.csv",
            limits=Limits(max_bytes=MOST_BYTES, max_rows=MOST_ROWS),
        )
    except UploadError as fault:
        raise Unanswered(str(fault)) from fault
