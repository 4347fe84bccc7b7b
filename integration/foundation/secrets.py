"""Secrets at rest: encrypted under the deployment's key, which can be rotated."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from integration.foundation.errors import StoryMeterError

if TYPE_CHECKING:
    from pathlib import Path


class SecretUnreadable(StoryMeterError):
    """A stored secret was encrypted under a key that this deployment does not have."""

    code = "secret_unreadable"


class SecretBox:
    """Encrypts and decrypts small texts. Several keys, newest first, let the key be rotated."""

    def __init__(self, keys: str) -> None:
        """Take Fernet keys separated by commas; the first one encrypts.

        Raises:
            SecretUnreadable: a key is not 32 url-safe base64-encoded bytes.
        """
        try:
            self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
        except ValueError as wrong:
            raise SecretUnreadable(
                "STORYMETER_SECRET_KEY must hold Fernet keys (32 url-safe base64-encoded bytes)"
            ) from wrong

    def close(self, text: str) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt.

        Raises:
            SecretUnreadable: no key fits.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as wrong:
            raise SecretUnreadable(
                "A stored token was encrypted under another STORYMETER_SECRET_KEY"
            ) from wrong


def key_in(path: Path) -> str:
    """Return the key kept in a file, making it (readable by its owner only) when absent."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as fresh:
        fresh.write(Fernet.generate_key().decode())
    return path.read_text().strip()
