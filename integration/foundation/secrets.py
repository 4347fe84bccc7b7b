"""Secrets at rest: encrypted under the deployment's key, which can be rotated."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

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
        self._keys = [key.strip() for key in keys.split(",")]
        try:
            self._fernet = MultiFernet([Fernet(key) for key in self._keys])
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

    def close_again(self, sealed: bytes) -> bytes:
        """Encrypt what an older key encrypted under the newest one.

        Raises:
            SecretUnreadable: no key fits.
        """
        return self.close(self.open(sealed))

    def derived(self, purpose: str) -> list[bytes]:
        """Keys of 32 bytes for another purpose, newest first; they tell nothing of ours."""
        return [
            HKDF(SHA256(), length=32, salt=None, info=f"storymeter {purpose}".encode()).derive(
                key.encode()
            )
            for key in self._keys
        ]


def key_in(path: Path) -> str:
    """Return the key kept in a file, making it (readable by its owner only) when absent.

    Of several that make it at once, one wins, and nobody ever reads half a key: the file gets its
    name only once it is written.
    """
    if not path.exists():
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "w") as writing:
                writing.write(Fernet.generate_key().decode())
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            os.unlink(fresh)  # noqa: PTH108  # mkstemp gives a name, not a Path.
    return path.read_text().strip()
