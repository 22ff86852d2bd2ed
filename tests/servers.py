"""The test session's own PostgreSQL and Valkey, started before Django reads its settings.

`DATABASE_URL` and `REDIS_URL` given: those are used. Each parallel worker has a database and a Redis number of its own.
`TEST_VAR` names another folder, so that two sessions can run side by side.
"""

import atexit
import os
from pathlib import Path

from opsboard import embedded

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("TEST_VAR") or ROOT / "var" / "test").resolve()
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

if not WORKER and not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    servers = embedded.start(FOLDER, fsync=False)
    atexit.register(servers.stop)
    os.environ.setdefault("DATABASE_URL", servers.database_url)
    os.environ.setdefault("REDIS_URL", servers.redis_url)

if "OPSBOARD_TEST_REDIS" not in os.environ:
    os.environ["OPSBOARD_TEST_REDIS"] = os.environ["REDIS_URL"]
_number = int(WORKER.removeprefix("gw") or 0) + 1 if WORKER else 0
os.environ["REDIS_URL"] = f"{os.environ['OPSBOARD_TEST_REDIS'].rpartition('/')[0]}/{_number}"
os.environ["VAR"] = str(FOLDER / (WORKER or "main"))
Path(os.environ["VAR"], "static").mkdir(parents=True, exist_ok=True)  # whitenoise warns where it is absent
os.environ.setdefault("SECRET_KEY", "a key for tests only, never used anywhere else")
os.environ["EMAIL_BACKEND"] = "django.core.mail.backends.locmem.EmailBackend"
os.environ["DEBUG"] = "0"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
os.environ.pop("SITE_URL", None)
