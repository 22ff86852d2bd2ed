"""Every address of the house, put together from the apps."""

from importlib import import_module
from importlib.util import find_spec

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from opsboard.core import health, registry
from opsboard.core import urls as core_urls
from opsboard.core.api import api
from opsboard.core.api_channels import router as channels_router

for _label, _module in registry.rooms().items():
    if find_spec(f"{_module}.api") is not None:
        api.add_router("", import_module(f"{_module}.api").router, tags=[_label])
api.add_router("", channels_router)
api_urls = api.urls
for _operation in api_urls[0]:
    if isinstance(_operation, URLPattern):
        login_not_required(_operation.callback)  # a token lets in: see core/api.py

admin.site.site_header = "Opsboard: emergency exit"


def mounted(file: str, prefix: str = "") -> list[URLResolver]:
    """`<prefix><app>/` for each app that has the file."""
    found = []
    for label, module in registry.rooms().items():
        if find_spec(f"{module}.{file}") is not None:
            found.append(
                path(
                    f"{prefix}{label}/",
                    include(
                        (import_module(f"{module}.{file}").urlpatterns, label if file == "urls" else f"{label}_open")
                    ),
                )
            )
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("i18n/", login_not_required(set_language), name="set_language"),
    # One page about where somebody is signed in: ours.
    path("accounts/sessions/", RedirectView.as_view(pattern_name="core:session_list")),
    path("accounts/", include("allauth.urls")),
    path("emergency/", admin.site.urls),
    path("api/v1/<slug:workspace>/", api_urls),
    *mounted("open_urls", "open/"),
    # Before the hall's many addresses: these are what is asked for most.
    path("<slug:workspace>/", include(mounted("urls"))),
    path("", include(([*core_urls.personal, path("<slug:workspace>/", include(core_urls.inside))], "core"))),
]
