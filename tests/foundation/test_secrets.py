"""Stored tokens: readable with the key, by no other, and through a change of keys."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from integration.foundation.secrets import SecretBox, SecretUnreadable, key_in

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))
TOKEN = "xoxb-ä-token"


def test_what_was_closed_opens_again_and_shows_nothing_outside() -> None:
    box = SecretBox(OLD)
    sealed = box.close(TOKEN)
    assert box.open(sealed) == TOKEN
    assert b"xoxb" not in sealed
    assert box.close(TOKEN) != sealed, "equal secrets are not seen to be equal"


def test_a_new_key_in_front_reads_the_old_and_writes_the_new() -> None:
    both = SecretBox(f"{NEW}, {OLD}")
    assert both.open(SecretBox(OLD).close(TOKEN)) == TOKEN
    fresh = both.close(TOKEN)
    assert SecretBox(NEW).open(fresh) == TOKEN
    with pytest.raises(SecretUnreadable):
        SecretBox(OLD).open(fresh)


def test_a_foreign_key_or_a_changed_secret_is_told_without_the_secret() -> None:
    sealed = SecretBox(OLD).close(TOKEN)
    for box, content in (
        (SecretBox(FOREIGN), sealed),
        (SecretBox(OLD), sealed[:-9] + b"AAAAAAA=="),
    ):
        with pytest.raises(SecretUnreadable, match="STORYMETER_SECRET_KEY") as unreadable:
            box.open(content)
        assert sealed.decode() not in str(unreadable.value)


@pytest.mark.parametrize(
    "keys",
    ["", "short", f"{OLD},", "é" * 44, OLD[:-2]],
    ids=["empty", "short", "empty-second", "not-ascii", "cut-short"],
)
def test_a_key_of_a_wrong_form_is_refused_at_once(keys: str) -> None:
    with pytest.raises(SecretUnreadable, match="32 url-safe") as refused:
        SecretBox(keys)
    assert keys == "" or keys not in str(refused.value)


def test_the_kept_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(key_in, [path] * 32))
    assert len(found) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == os.geteuid()
    assert SecretBox(key_in(path)).open(SecretBox(found.pop()).close(TOKEN)) == TOKEN
    assert list(tmp_path.iterdir()) == [path]


def test_derived_keys_follow_the_keys_and_differ_by_purpose() -> None:
    both = SecretBox(f"{NEW},{OLD}").derived("pages")
    assert both == SecretBox(NEW).derived("pages") + SecretBox(OLD).derived("pages")
    assert len({*both, *SecretBox(NEW).derived("something else"), NEW.encode()}) == 4
    assert all(len(key) == 32 for key in both)
