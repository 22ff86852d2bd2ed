"""What people type about a channel: the fields of its kind, with the way to find what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from opsboard.core.channels import kinds
from opsboard.core.forms import SEVERITIES, members
from opsboard.core.models import LANGUAGES, Channel, Team, Workspace

Kind = Channel.Kind
# What it is for, and an icon, where people choose a kind.
ABOUT: Mapping[str, tuple[str, Any]] = {
    Kind.FEISHU: ("message-circle", _("A card with buttons in a Feishu or Lark group.")),
    Kind.DINGTALK: (
        "message-circle",
        _("A card with buttons in a DingTalk group; at most 20 a minute, the rest as a digest."),
    ),
    Kind.WECOM: ("message-circle", _("A card with links in a WeCom group; at most 20 a minute, the rest as a digest.")),
    Kind.SLACK: ("brand-slack", _("A message with buttons in a Slack channel.")),
    Kind.TEAMS: ("brand-teams", _("An adaptive card in a channel or chat of Microsoft Teams.")),
    Kind.EMAIL: ("mail", _("A list of addresses, also of people who have no account here.")),
    Kind.IN_APP: ("bell", _("People and teams here, by whatever way each of them chose.")),
    Kind.WEBHOOK: ("webhook", _("JSON to another program, signed, with a key against doubles.")),
    Kind.APPRISE: (
        "plug",
        _("Telegram, Discord, ntfy, Bark, Pushover and over a hundred others by their Apprise address."),
    ),
}
WHERE: Mapping[str, Any] = {
    Kind.FEISHU: _("In the group: Settings → Bots → Add bot → Custom bot. Copy its webhook address."),
    Kind.DINGTALK: _("In the group: Group settings → Bots → Add robot → Custom. Copy its webhook address."),
    Kind.WECOM: _("In the group: ⋯ → Add group robot → New. Copy its webhook address."),
    Kind.SLACK: _(
        "Make an app on api.slack.com, switch on “Incoming Webhooks”, add one to the channel, and copy its address."
    ),
    Kind.TEAMS: _(
        "In the channel: ⋯ → Workflows → “Post to a channel when a webhook request is received”. Copy the address at the end."
    ),
    Kind.WEBHOOK: _("The address of your program; it gets a POST with JSON."),
    Kind.APPRISE: _(
        "Such as tgram://bot-token/chat-id, ntfy://topic or discord://id/token. See the Apprise wiki for each service."
    ),
}
SECRETS: Mapping[str, Any] = {
    Kind.FEISHU: _("If the robot’s security asks for a signature: its secret."),
    Kind.DINGTALK: _("If the robot’s security asks for a signature (加签): its secret, which begins with SEC."),
    Kind.WEBHOOK: _("Each message is signed with it (HMAC-SHA256), so that your program knows who speaks."),
}


class ChannelForm(forms.Form):
    """The fields of one kind; a secret is never shown again, and stays when its field is left empty."""

    def __init__(
        self, *args: Any, kind: str, workspace: Workspace, channel: Channel | None = None, personal: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["name"] = forms.CharField(
            label=_("Name"), max_length=120, help_text=_("As people here call it, such as: Warehouse group.")
        )
        for name in kinds.FIELDS[kind]:
            getattr(self, f"_add_{name}")(workspace, channel)
        if personal:
            self.fields["severities"] = forms.MultipleChoiceField(
                label=_("Takes notices that are"), choices=SEVERITIES, widget=forms.CheckboxSelectMultiple
            )
        else:
            self._add_care(workspace, channel)
        if channel is not None:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def _add_url(self, _workspace: Workspace, channel: Channel | None) -> None:
        kept = _("Leave it empty to keep %(hint)s.") % {"hint": channel.hint} if channel else ""
        where = WHERE[self.kind]
        self.fields["url"] = forms.CharField(
            label=_("Webhook address") if self.kind != Kind.APPRISE else _("Apprise address"),
            required=channel is None, max_length=2000, help_text=f"{where} {kept}".strip() if kept else where,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )  # fmt: skip

    def _add_secret(self, _workspace: Workspace, channel: Channel | None) -> None:
        kept = _("Leave it empty to keep the present one.") if channel else ""
        self.fields["secret"] = forms.CharField(
            label=_("Secret"), required=False, max_length=200, help_text=f"{SECRETS[self.kind]} {kept}".strip(),
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )  # fmt: skip
        if channel:
            self.fields["no_secret"] = forms.BooleanField(label=_("Work without a secret"), required=False)

    def _add_keyword(self, _workspace: Workspace, _channel: Channel | None) -> None:
        self.fields["keyword"] = forms.CharField(
            label=_("Keyword"), required=False, max_length=60,
            help_text=_("If the robot’s security asks for one. Every message already holds the word “Opsboard”."),
        )  # fmt: skip

    def _add_addresses(self, _workspace: Workspace, _channel: Channel | None) -> None:
        self.fields["addresses"] = forms.CharField(
            label=_("E-mail addresses"), widget=forms.Textarea(attrs={"rows": 4}), max_length=8000,
            help_text=_("One in a line. Each address gets a letter of its own."),
        )  # fmt: skip

    def _add_people(self, workspace: Workspace, _channel: Channel | None) -> None:
        self.fields["people"] = forms.ModelMultipleChoiceField(
            label=_("People"), queryset=members(workspace), required=False, widget=forms.CheckboxSelectMultiple
        )

    def _add_teams(self, workspace: Workspace, _channel: Channel | None) -> None:
        teams = Team.objects.filter(workspace=workspace)
        if teams.exists():
            self.fields["teams"] = forms.ModelMultipleChoiceField(
                label=_("Teams"), queryset=teams, required=False, widget=forms.CheckboxSelectMultiple
            )

    def _add_care(self, workspace: Workspace, channel: Channel | None) -> None:
        others = Channel.objects.filter(workspace=workspace).present().shared()
        self.fields["fallback"] = forms.ModelChoiceField(
            label=_("When it fails, use"), queryset=others.exclude(pk=channel.pk) if channel else others, required=False,
            empty_label=_("No other channel"), help_text=_("A message that failed for good is sent there, once."),
        )  # fmt: skip
        self.fields["owner"] = forms.ModelChoiceField(
            label=_("Looked after by"), queryset=members(workspace), required=False, empty_label=_("The admins"),
            help_text=_("Is told when it fails, beside the admins."),
        )  # fmt: skip
        if self.kind != Kind.IN_APP:
            self.fields["language"] = forms.ChoiceField(
                label=_("Language"), choices=LANGUAGES, initial=workspace.language
            )

    @property
    def settings(self) -> dict[str, Any]:
        wanted = (*kinds.FIELDS[self.kind], "no_secret")
        return {name: self.cleaned_data[name] for name in wanted if name in self.cleaned_data}

    @property
    def others(self) -> dict[str, Any]:
        wanted = ("name", "language", "fallback", "owner", "severities", "version")
        return {name: self.cleaned_data[name] for name in wanted if name in self.cleaned_data}
