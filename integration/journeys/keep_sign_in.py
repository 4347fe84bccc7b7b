"""Journeys: a sign-in begins, and ends when its person says so, for every copy of its cookie.

The cookie carries a secret of 256 random bits, the database its digest.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from integration.people import store as people

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions


def begin_sign_in(transactions: Transactions, email: str, ends_at: datetime) -> str:
    """Open a sign-in; returns its secret."""
    secret = secrets.token_urlsafe(32)
    with transactions.begin() as session:
        people.open_sign_in(session, _digest(secret), email, ends_at)
    return secret


def is_signed_in(transactions: Transactions, secret: str, now: datetime) -> bool:
    """Whether the sign-in with this secret is open."""
    with transactions.begin() as session:
        return people.is_open(session, _digest(secret), now)


def end_sign_in(transactions: Transactions, secret: str) -> None:
    """End the sign-in with this secret."""
    with transactions.begin() as session:
        people.end_sign_in(session, _digest(secret))


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
