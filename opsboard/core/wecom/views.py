"""WeCom's two steps: a page with a code to scan, then the server asks who scanned it.

WeCom names the company's token by the app (not by the person), and tells the person for the code; so the code is used
after the token, the other way round than OAuth has it. Addresses: developer.work.weixin.qq.com, document 98152 and after.
"""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest
from django.utils.http import urlencode

SERVER = "https://qyapi.weixin.qq.com/cgi-bin"


def ask(address: str, **params: str) -> dict[str, Any]:
    """One question to WeCom; its errors come with status 200 and a number. What is logged holds no secret."""
    with get_adapter().get_requests_session() as session:
        response = session.get(f"{SERVER}/{address}", params=params)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
    if answer.get("errcode"):
        raise OAuth2Error(f"WeCom refused {address}: {answer.get('errcode')} {answer.get('errmsg')}")
    return answer


class WeComClient(OAuth2Client):
    def get_redirect_url(self, authorization_url: str, scope: Any, extra_params: dict[str, Any]) -> str:
        params = {
            "login_type": "CorpApp",
            "appid": self.consumer_key,
            "redirect_uri": self.callback_url,
            "state": self.state or "",
            **extra_params,
        }
        return f"{authorization_url}?{urlencode(params)}"

    def get_access_token(self, code: str, pkce_code_verifier: str | None = None) -> dict[str, Any]:
        return ask("gettoken", corpid=self.consumer_key, corpsecret=self.consumer_secret)


class WeComAdapter(OAuth2Adapter):
    provider_id = "wecom"
    authorize_url = "https://login.work.weixin.qq.com/wwlogin/sso/login"
    access_token_url = f"{SERVER}/gettoken"
    client_class = WeComClient

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        person = ask("auth/getuserinfo", access_token=token.token, code=request.GET["code"])
        user_id = person.get("userid") or person.get("UserId")
        if not user_id:
            raise OAuth2Error("Whoever scanned the code is not a member of this company in WeCom.")
        data = {"corp_id": app.client_id, "userid": str(user_id), "name": self.name_of(token.token, str(user_id))}
        return self.get_provider().sociallogin_from_response(request, data)

    def name_of(self, token: str, user_id: str) -> str:
        """Newer apps may not read names: then people write theirs themselves."""
        try:
            return str(ask("user/get", access_token=token, userid=user_id).get("name", ""))
        except OAuth2Error:
            return ""


oauth2_login = OAuth2LoginView.adapter_view(WeComAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(WeComAdapter)
