"""Gateway credentials at rest: Fernet tokens under the keys of the environment, newest first."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class CredentialUnreadable(Exception):
    """No key in CREDENTIALS_KEYS opens this credential; the message says what to do."""


def seal(secret: str) -> str:
    """Encrypt under the newest key."""
    return _keys().encrypt(secret.encode()).decode("ascii")


def unseal(token: str) -> str:
    """Decrypt with whichever key fits. Raises CredentialUnreadable."""
    try:
        return _keys().decrypt(token.encode("ascii")).decode()
    except InvalidToken as error:
        raise CredentialUnreadable(
            "The stored authentication key cannot be decrypted with any key in CREDENTIALS_KEYS. "
            "Put the key that encrypted it back, or enter the authentication key again."
        ) from error


def reseal(token: str) -> str:
    """The same secret under the newest key. Raises CredentialUnreadable."""
    return seal(unseal(token))


def _keys() -> MultiFernet:
    keys: list[str] = settings.CREDENTIALS_KEYS
    if not keys:
        raise ImproperlyConfigured("CREDENTIALS_KEYS is empty: gateway credentials cannot be stored or read.")
    return MultiFernet([Fernet(key) for key in keys])
