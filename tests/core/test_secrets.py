import pytest
from django.test import override_settings

from opsboard.core import secrets

OLD, NEW = "the old key, long enough to be one", "the new key, long enough to be one"


def test_a_secret_comes_back_and_cannot_be_read_before() -> None:
    cipher = secrets.encrypt("hunter2 密码")
    assert "hunter2" not in cipher
    assert secrets.decrypt(cipher) == "hunter2 密码"


def test_the_same_secret_looks_different_each_time() -> None:
    assert secrets.encrypt("same") != secrets.encrypt("same")


def test_a_secret_is_read_only_for_its_purpose() -> None:
    cipher = secrets.encrypt("token", purpose="webhooks")
    with pytest.raises(secrets.Undecipherable):
        secrets.decrypt(cipher, purpose="mail")


@pytest.mark.parametrize("cipher", ["", "plain", "gAAAAA", "é"])
def test_what_was_not_encrypted_is_refused(cipher: str) -> None:
    with pytest.raises(secrets.Undecipherable):
        secrets.decrypt(cipher)


def test_a_new_key_reads_and_renews_what_the_old_one_wrote() -> None:
    with override_settings(SECRET_KEY=OLD):
        cipher = secrets.encrypt("kept")
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]), pytest.raises(secrets.Undecipherable):
        secrets.decrypt(cipher)
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        assert secrets.decrypt(cipher) == "kept"
        renewed = secrets.rotated(cipher)
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]):
        assert secrets.decrypt(renewed) == "kept"


def test_several_settings_are_one_cipher() -> None:
    values = {"host": "smtp.example.com", "password": "hunter2", "port": 587}
    assert secrets.unseal(secrets.seal(values)) == values
    assert secrets.seal({}) == ""
    assert secrets.unseal("") == {}


def test_a_secret_is_shown_by_its_end_only() -> None:
    assert secrets.masked("sk-1234567890abcd") == "••••abcd"
    assert secrets.masked("short") == "••••"
