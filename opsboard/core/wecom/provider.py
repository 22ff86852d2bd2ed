"""What allauth has to know about WeCom."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider

from opsboard.core.wecom.views import WeComAdapter


class WeComAccount(ProviderAccount):
    def to_str(self) -> str:
        return str(self.account.extra_data.get("name") or self.account.uid)


class WeComProvider(OAuth2Provider):
    id = "wecom"
    name = "企业微信 WeCom"
    account_class = WeComAccount
    oauth2_adapter_class = WeComAdapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        return f"{data['corp_id']}:{data['userid']}"

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"username": data["userid"], "name": data.get("name", "")}

    def get_default_scope(self) -> list[str]:
        return []


provider_classes = [WeComProvider]
