"""Settings that must not be read in a backup: webhook secrets, mail passwords, tokens of other services.

They are encrypted with Fernet (AES-128-CBC and HMAC-SHA256) under a key that HKDF-SHA256 (RFC 5869) derives from
``SECRET_KEY``, one key for each purpose. To change ``SECRET_KEY``, put the old one into ``SECRET_KEY_FALLBACKS``: what it
encrypted stays readable, and ``rotated`` writes it anew under the new one.
"""

import base64
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

DEFAULT_PURPOSE = "settings"


class Undecipherable(Exception):
    """The text wasn't encrypted with any key that is known, or for another purpose, or was changed."""


def encrypt(text: str, *, purpose: str = DEFAULT_PURPOSE) -> str:
    """A text as one that only this installation reads, for this purpose. Twice the same text gives two ciphers."""
    return _keys(purpose).encrypt(text.encode()).decode("ascii")


def decrypt(cipher: str, *, purpose: str = DEFAULT_PURPOSE) -> str:
    """What ``encrypt`` was given. Raises ``Undecipherable``."""
    try:
        return _keys(purpose).decrypt(cipher.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise Undecipherable(purpose) from error


def seal(values: dict[str, Any], *, purpose: str = DEFAULT_PURPOSE) -> str:
    """Several settings (JSON) as one cipher; an empty dict is an empty text."""
    return encrypt(json.dumps(values, ensure_ascii=False, sort_keys=True), purpose=purpose) if values else ""


def unseal(cipher: str, *, purpose: str = DEFAULT_PURPOSE) -> dict[str, Any]:
    """What ``seal`` was given. Raises ``Undecipherable``."""
    if not cipher:
        return {}
    values: dict[str, Any] = json.loads(decrypt(cipher, purpose=purpose))
    return values


def rotated(cipher: str, *, purpose: str = DEFAULT_PURPOSE) -> str:
    """The same secret under the present ``SECRET_KEY``. Raises ``Undecipherable``."""
    try:
        return _keys(purpose).rotate(cipher.encode()).decode("ascii")
    except (InvalidToken, ValueError) as error:
        raise Undecipherable(purpose) from error


def masked(text: str) -> str:
    """How a secret is shown to the person who set it: its last four characters at most, and only of a long one."""
    return "••••" + (text[-4:] if len(text) >= 12 else "")


def _keys(purpose: str) -> MultiFernet:
    return _derived(purpose, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=64)
def _derived(purpose: str, secrets: Sequence[str | bytes]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(purpose, secret)) for secret in secrets])


def _derive(purpose: str, secret: str | bytes) -> bytes:
    material = secret.encode() if isinstance(secret, str) else secret
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"opsboard.secrets.1:" + purpose.encode())
    return base64.urlsafe_b64encode(key.derive(material))
