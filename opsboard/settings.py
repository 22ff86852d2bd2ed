"""Settings: one file; what differs between installations comes from the environment (`.env.example` explains each name)."""

import base64
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("VAR") or BASE_DIR / "var").resolve()

# --- apps -----------------------------------------------------------------------------------------------------------

TECHNIQUES = ["processes", "metrics", "journeys", "costs", "risks", "feedback"]
SHARED_APPS = ["work", "knowledge", "alerts", "automation", "review", "reports"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.dingtalk",
    "allauth.socialaccount.providers.feishu",
    "opsboard.core.wecom",
    "pgtrigger",
    "pghistory",
    "opsboard.core",
    *[f"opsboard.{name}" for name in SHARED_APPS],
    "opsboard.demo",
    *TECHNIQUES,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "opsboard.core.api.ProblemMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "opsboard.core.sizes.SizeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "opsboard.core.access.SignInMiddleware",
    "opsboard.core.idempotency.OnceMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "opsboard.core.accounts.SeenMiddleware",
    "opsboard.core.accounts.AuditMiddleware",
    "opsboard.core.access.PersonMiddleware",
    "opsboard.core.access.WorkspaceMiddleware",
    "opsboard.core.idempotency.IdempotencyMiddleware",
]

ROOT_URLCONF = "opsboard.urls"
WSGI_APPLICATION = "opsboard.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.csp",
                "opsboard.core.pages.surroundings",
            ],
            "builtins": ["opsboard.core.templatetags.house"],
            "libraries": {"i18n": "opsboard.core.templatetags.words"},
        },
    }
]
SILENCED_SYSTEM_CHECKS = ["templates.W003"]  # two libraries called i18n: ours stands in for Django's


# --- this installation ----------------------------------------------------------------------------------------------


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, str(int(default))).strip().lower() in {"1", "true", "yes", "on"}


def _list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def _secret_key() -> str:
    if given := os.environ.get("SECRET_KEY"):
        return given
    file = VAR / "secret_key"
    if not file.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text()
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(50))
    return file.read_text()


def _embedded(name: str) -> str:
    """The address that a running `manage.py up` left in `var/embedded.json`, or nothing."""
    try:
        return str(json.loads((VAR / "embedded.json").read_text()).get(name, ""))
    except (OSError, ValueError):
        return ""


DEBUG = _flag("DEBUG")
SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = _list("SECRET_KEY_FALLBACKS")
PORT = int(os.environ.get("PORT") or 8000)
SITE_URL = (os.environ.get("SITE_URL") or f"http://localhost:{PORT}").rstrip("/")
_site = urlsplit(SITE_URL)
EVENTS_URL = (os.environ.get("EVENTS_URL") or f"http://{_site.hostname or 'localhost'}:{PORT + 1}").rstrip("/")
# Whose pages may listen: this site's, and on one's own machine under its other names as well.
EVENTS_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]
if _site.hostname == "localhost":
    EVENTS_ORIGINS += [f"{_site.scheme}://{name}:{_site.port or 80}" for name in ("127.0.0.1", "[::1]")]
_events = urlsplit(EVENTS_URL)
ALLOWED_HOSTS = [_site.hostname or "localhost", "localhost", "127.0.0.1", "[::1]", *_list("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}", *_list("CSRF_TRUSTED_ORIGINS")]

DATABASE_URL = os.environ.get("DATABASE_URL") or _embedded("database_url")
REDIS_URL = os.environ.get("REDIS_URL") or _embedded("redis_url")


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url or "postgres://nobody@127.0.0.1:1/no_server")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        "OPTIONS": {"connect_timeout": 5, "application_name": os.environ.get("OPSBOARD_ROLE", "manage")},
        "TEST": {"NAME": os.environ.get("TEST_DATABASE_NAME") or None},
    }


DATABASES = {"default": _database(DATABASE_URL)}
if os.environ.get("OPSBOARD_ROLE") == "web":
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = None if os.environ.get("OPSBOARD_ROLE") == "worker" else 0
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# A pooler that hands each transaction to another session (PgBouncer before 1.21) cannot keep prepared statements.
PREPARED_STATEMENTS = (os.environ.get("PREPARED_STATEMENTS") or "yes").lower() not in {"0", "no", "false"}

CACHES = {
    "default": {
        "BACKEND": "opsboard.core.caches.ValkeyCache",
        "LOCATION": REDIS_URL or "redis://127.0.0.1:1/0",
    },
    # Pieces of every page's frame, drawn once by each process. What they depend on is in their keys.
    "fragments": {
        "BACKEND": "opsboard.core.near.NearCache",
        "LOCATION": "fragments",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
    "grids": {  # the dashboards that people look at just now; a few hundred kB each
        "BACKEND": "opsboard.core.near.NearCache",
        "LOCATION": "grids",
        "OPTIONS": {"MAX_ENTRIES": 24},
    },
    "numbers": {  # what was found out of the numbers of metrics; a few kB each
        "BACKEND": "opsboard.core.near.NearCache",
        "LOCATION": "numbers",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}
DASHBOARD_REST = 1.0  # seconds until an open dashboard is drawn again, however fast numbers come in
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- people ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["opsboard.core.accounts.SignIn"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "core:front"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "opsboard.core.accounts.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "opsboard.core.accounts.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_DISPLAY = "opsboard.core.accounts.display_name"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_RATE_LIMITS = {  # who is counted for what: see core/accounts.py
    "login": "",
    "login_failed": "60/m/ip,5/5m/key",
    "login_failed_on_known_device": "20/5m/key",
    "login_failed_from_unknown_addresses": "100/h/key",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "join": "20/m/ip",
    "shared": "600/m/ip",
}
USERSESSIONS_TRACK_ACTIVITY = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff without e-mail, and houses without a mail server
MFA_TOTP_ISSUER = "Opsboard"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _site.scheme == "http"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# An address that the provider vouches for opens the account that has it, and stays connected to it.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
if os.environ.get("OIDC_SERVER_URL"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": os.environ.get("OIDC_NAME", "Single sign-on"),
                "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
                "secret": os.environ.get("OIDC_CLIENT_SECRET", ""),
                "settings": {
                    "server_url": os.environ["OIDC_SERVER_URL"],
                    "verified_email": _flag("OIDC_EMAIL_IS_VERIFIED"),
                },
            }
        ],
    }
for _provider, _prefix in (("dingtalk", "DINGTALK"), ("feishu", "FEISHU")):
    if os.environ.get(f"{_prefix}_CLIENT_ID"):
        SOCIALACCOUNT_PROVIDERS[_provider] = {
            "APPS": [
                {
                    "client_id": os.environ[f"{_prefix}_CLIENT_ID"],
                    "secret": os.environ.get(f"{_prefix}_CLIENT_SECRET", ""),
                }
            ]
        }

if os.environ.get("WECOM_CORP_ID"):
    SOCIALACCOUNT_PROVIDERS["wecom"] = {
        "APPS": [{"client_id": os.environ["WECOM_CORP_ID"], "secret": os.environ.get("WECOM_SECRET", "")}],
        "AUTH_PARAMS": {"agentid": os.environ.get("WECOM_AGENT_ID", "")},
    }

# --- words ----------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = os.environ.get("LANGUAGE_CODE") or "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# Named here, the house's own catalogues win over those of Django and allauth, which translate some of the same texts.
LOCALE_PATHS = [
    folder / "locale"
    for folder in (BASE_DIR / "opsboard" / "core", *(BASE_DIR / "opsboard" / name for name in SHARED_APPS),
                   *(BASE_DIR / name for name in TECHNIQUES))
    if (folder / "locale").is_dir()
]  # fmt: skip
TIME_ZONE = os.environ.get("TIME_ZONE") or "UTC"
USE_TZ = True

# --- mail -----------------------------------------------------------------------------------------------------------

MAIL_HOST = os.environ.get("EMAIL_HOST", "")
_mailer = os.environ.get("EMAIL_BACKEND") or (
    "django.core.mail.backends.smtp.EmailBackend" if MAIL_HOST else "django.core.mail.backends.filebased.EmailBackend"
)
_mail_options: dict[str, Any] = {}
if _mailer.endswith("smtp.EmailBackend"):
    _mail_options = {
        "host": MAIL_HOST,
        "port": int(os.environ.get("EMAIL_PORT") or 25),
        "username": os.environ.get("EMAIL_HOST_USER", ""),
        "password": os.environ.get("EMAIL_HOST_PASSWORD", ""),
        "use_tls": _flag("EMAIL_USE_TLS"),
        "use_ssl": _flag("EMAIL_USE_SSL"),
        "timeout": 20,
    }
elif _mailer.endswith("filebased.EmailBackend"):
    _mail_options = {"file_path": os.environ.get("EMAIL_FILE_PATH") or str(VAR / "mail")}
MAILERS = {"default": {"BACKEND": _mailer, "OPTIONS": _mail_options}}
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL") or f"Opsboard <opsboard@{_site.hostname}>"

# --- files ----------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT") or VAR / "files")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
UPLOAD_LIMIT = int(os.environ.get("UPLOAD_LIMIT") or 200 * 1024 * 1024)
LOG_LIMIT = int(os.environ.get("LOG_LIMIT") or max(UPLOAD_LIMIT, 1024 * 1024 * 1024))  # event logs are longer
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- workers --------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "redis://127.0.0.1:1/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "global_keyprefix": os.environ.get("REDIS_PREFIX", "")}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"opsboard.reports.tasks.*": {"queue": "pdf"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "opsboard.beat:Beat"
OUTBOUND_ALLOW_PRIVATE = _list("OUTBOUND_ALLOW_PRIVATE")
SOURCES_FOLDER = os.environ.get("SOURCES_FOLDER", "")  # SQLite files in it may be read by sources; none without it

# --- safety ---------------------------------------------------------------------------------------------------------

_EMPTY_STYLE = "'sha256-" + base64.b64encode(hashlib.sha256(b"").digest()).decode() + "'"
# Browsers also check where a form's answer redirects to: single sign-on leaves for its provider.
_sign_on = {
    "DINGTALK_CLIENT_ID": "https://login.dingtalk.com",
    "FEISHU_CLIENT_ID": "https://open.feishu.cn",
    "WECOM_CORP_ID": "https://login.work.weixin.qq.com",
}
_sign_on_at = [origin for name, origin in _sign_on.items() if os.environ.get(name)]
if _oidc := urlsplit(os.environ.get("OIDC_SERVER_URL", "")).netloc:
    _sign_on_at += [f"https://{_oidc}", *_list("OIDC_ORIGINS")]
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, _EMPTY_STYLE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF, f"{_events.scheme}://{_events.netloc}"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF, *_sign_on_at],
    "frame-ancestors": [CSP.NONE],
}
_https = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "opsboard_session"
CSRF_COOKIE_NAME = "opsboard_csrf"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if _flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- logs -----------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname:.1} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO").upper()},
    "filters": {"quiet_refusals": {"()": "opsboard.core.logs.QuietRefusals"}},
    "loggers": {
        "django.request": {"filters": ["quiet_refusals"]},
        # They write down whole addresses, and with a webhook the address is the secret.
        **{name: {"level": "WARNING"} for name in ("httpx", "httpcore", "urllib3")},
    },
}

SITE_NAME = _("Opsboard")
NINJA_PAGINATION_MAX_LIMIT = 1000
