"""Each service gets a card in its own format, and its answer is read to the end: HTTP 200 may still mean no."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from opsboard.core.channels import Button, Card, dingtalk, feishu, slack, teams, wecom
from opsboard.core.channels.answers import NotTaken, Way, advice
from opsboard.core.channels.senders import SENDERS
from tests.channels.services import Service
from tests.conftest import NOW

FULL = Card(
    title="Reply time is over 2 hours",
    lines=[("Value", "2 h 40 min"), ("Limit", "2 h"), ("Waiting", "Order 4711")],
    severity="critical",
    url="https://ops.example/north-plant/alerts/7/",
    buttons=[
        Button("Acknowledge", "https://ops.example/open/alerts/ack/x/"),
        Button("Take over", "https://ops.example/open/alerts/take/x/"),
    ],
    at=NOW,
    text="The oldest one waits since 10:02.",
)
BARE = Card(title="Quiet", at=NOW)
EVIL = Card(title="[win](http://evil.example) <at id=all></at> <@U1> `x`", text="[a](http://evil.example)\n<!channel>")


def way(url: str = "https://robot.example/send?access_token=abc", **settings: str) -> Way:
    return Way({"url": url, **settings}, "k" * 40, ZoneInfo("Asia/Shanghai"), NOW.timestamp(), "north-plant")


def test_dingtalk_shows_the_buttons_and_signs_the_address(service: Service) -> None:
    dingtalk.deliver(FULL, way(service.url(), secret="SECret"))
    (call,) = service.calls
    card = call.body["actionCard"]
    assert [one["title"] for one in card["btns"]] == ["Acknowledge", "Take over", "Details"]
    assert "- Value: 2 h 40 min" in card["text"]
    assert "2026-11-18 17:30" in card["text"]
    asked = parse_qs(urlsplit(call.path).query)
    text = f"{asked['timestamp'][0]}\nSECret".encode()
    assert base64.b64decode(asked["sign"][0]) == hmac.new(b"SECret", text, hashlib.sha256).digest()
    assert asked["timestamp"] == [str(int(NOW.timestamp() * 1000))]
    assert asked["access_token"] == ["abcdef123456"]
    assert dingtalk.message(BARE, way())["msgtype"] == "markdown"
    assert "Sales" in dingtalk.message(BARE, way(keyword="Sales"))["markdown"]["text"]


def test_feishu_shows_a_red_card_and_signs_nothing_under_time_and_secret(service: Service) -> None:
    service.usual = (200, {"code": 0, "msg": "success"})
    feishu.deliver(FULL, way(service.url("/open-apis/bot/v2/hook/x"), secret="hush"))
    (call,) = service.calls
    card, at = call.body["card"], call.body["timestamp"]
    assert card["header"]["template"] == "red"
    (actions,) = [one for one in card["elements"] if one["tag"] == "action"]
    assert [one["url"] for one in actions["actions"]] == [*(one.url for one in FULL.buttons), FULL.url]
    assert (
        call.body["sign"] == base64.b64encode(hmac.new(f"{at}\nhush".encode(), b"", hashlib.sha256).digest()).decode()
    )
    assert "lark_md" not in json.dumps(card)  # what people wrote is never read as a command


def test_wecom_shows_a_card_of_three_links_and_markdown_within_4096_bytes() -> None:
    card = wecom.message(FULL, way())["template_card"]
    assert card["card_type"] == "text_notice"
    assert card["card_action"] == {"type": 1, "url": FULL.url}
    assert [one["title"] for one in card["jump_list"]] == ["Acknowledge", "Take over", "Details"]
    assert {"keyname": "Value", "value": "2 h 40 min"} in card["horizontal_content_list"]
    long = Card(title="很长" * 100, text="字" * 2000, url=FULL.url)
    content = wecom.message(long, way())["markdown"]["content"]
    assert len(content.encode()) <= 4096
    assert content.endswith(f"]({FULL.url})")


def test_slack_shows_blocks_within_its_limits() -> None:
    said = slack.message(FULL, way())
    kinds = [block["type"] for block in said["blocks"]]
    assert kinds == ["header", "section", "section", "actions", "context"]
    assert [one["url"] for one in said["blocks"][3]["elements"]][:2] == [one.url for one in FULL.buttons]
    long = slack.message(Card(title="x" * 400, text="\n".join(["y" * 200] * 100)), way())
    assert len(long["blocks"][0]["text"]["text"]) <= 150
    assert len(long["blocks"]) <= 50
    assert max(len(b["text"]["text"]) for b in long["blocks"] if b["type"] == "section") <= 3000


def test_teams_shows_an_adaptive_card_that_opens_links() -> None:
    (attachment,) = teams.message(FULL, way())["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert [one["type"] for one in attachment["content"]["actions"]] == ["Action.OpenUrl"] * 3
    assert attachment["content"]["body"][0]["color"] == "Attention"


def test_what_people_wrote_makes_no_link_and_calls_nobody() -> None:
    shown = [json.dumps(sender.message(EVIL, way()), ensure_ascii=False) for sender in (dingtalk, wecom, teams)]
    for text in shown:
        assert "](http" not in text
        assert "<@" not in text
        assert "<at " not in text
    assert "<@U1>" not in slack.message(EVIL, way())["text"]
    assert "<!channel>" not in json.dumps(slack.message(EVIL, way()))


DING, FEI, WE, SL, TE, HOOK = "dingtalk", "feishu", "wecom", "slack", "teams", "webhook"
ANSWERS: list[tuple[str, int, Any, str]] = [  # kind, status, body, and the reason; "" is taken, "…" a pause
    (DING, 200, {"errcode": 0, "errmsg": "ok"}, ""),
    (DING, 200, {"errcode": 310000, "errmsg": "keywords not in content, more: [https://…]"}, "keyword"),
    (DING, 200, {"errcode": 310000, "errmsg": "sign not match, more: [https://…]"}, "signature"),
    (DING, 200, {"errcode": 310000, "errmsg": "ip 1.2.3.4 not in whitelist"}, "ip"),
    (DING, 200, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}, "busy…"),
    (DING, 200, {"errcode": 300005, "errmsg": "token is not exist"}, "address"),
    (DING, 200, {"errcode": -1, "errmsg": "系统繁忙"}, "server"),
    (DING, 200, "<html>", "refused"),
    (FEI, 200, {"code": 0, "msg": "success"}, ""),
    (FEI, 200, {"StatusCode": 0, "StatusMessage": "success"}, ""),
    (FEI, 200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, "signature"),
    (FEI, 200, {"code": 19024, "msg": "Key Words Not Found"}, "keyword"),
    (FEI, 200, {"code": 19022, "msg": "Ip Not Allowed"}, "ip"),
    (FEI, 400, {"code": 9499, "msg": "Bad Request"}, "format"),
    (FEI, 200, {"code": 11232, "msg": "frequency limited"}, "busy…"),
    (WE, 200, {"errcode": 0, "errmsg": "ok"}, ""),
    (WE, 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, "busy…"),
    (WE, 200, {"errcode": 93000, "errmsg": "invalid webhook url"}, "address"),
    (WE, 502, "bad gateway", "server"),
    (SL, 200, "ok", ""),
    (SL, 200, "no_service", "address"),
    (SL, 400, "invalid_blocks", "format"),
    (SL, 404, "channel_not_found", "removed"),
    (SL, 429, "rate_limited", "busy…"),
    (SL, 200, "<html>sign in</html>", "refused"),
    (TE, 202, "", ""),
    (TE, 200, "1", ""),
    (TE, 200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429", "busy…"),
    (TE, 413, "too large", "large"),
    (HOOK, 204, "", ""),
    (HOOK, 410, "gone", "address"),
    (HOOK, 503, "later", "server"),
    (HOOK, 302, "", "refused"),
]


@pytest.mark.parametrize(("kind", "status", "body", "reason"), ANSWERS)
def test_the_body_decides_whether_it_was_taken(
    service: Service, kind: str, status: int, body: Any, reason: str
) -> None:
    service.usual = (status, body)
    deliver = SENDERS[kind].deliver
    if not reason:
        assert deliver(BARE, way(service.url()))
        return
    with pytest.raises(NotTaken) as refusal:
        deliver(BARE, way(service.url()))
    assert refusal.value.reason == reason.removesuffix("…")
    assert (refusal.value.wait is not None) == reason.endswith("…")
    assert refusal.value.for_good == (refusal.value.reason not in ("busy", "server"))
    assert advice(refusal.value.reason)
    assert "abcdef123456" not in refusal.value.words


def test_retry_after_is_obeyed_within_reason(service: Service) -> None:
    service.answers = [(429, "rate_limited", {"Retry-After": "7"}), (429, "x", {"Retry-After": "999999999"})]
    waits = []
    for _ in range(2):
        with pytest.raises(NotTaken) as refusal:
            slack.deliver(BARE, way(service.url()))
        assert refusal.value.wait is not None
        waits.append(refusal.value.wait.total_seconds())
    assert waits == [7, 60]


def test_the_moment_is_the_workspaces() -> None:
    assert isinstance(FULL.at, datetime)
    assert "2026-11-18 17:30" in json.dumps(feishu.message(FULL, way()))
