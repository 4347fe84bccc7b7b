"""A connection whose other end is gone without a goodbye: both ends are told to notice."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from benchmarks.faults import machines
from integration.foundation.database import NOTICED_LOST, connect
from tests.conftest import ROOT

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_both_ends_are_told_to_ask_whether_the_other_one_is_there(engine: Engine) -> None:
    made = connect(engine.url.render_as_string(hide_password=False))
    with made.connect() as connection:
        driver: Any = connection.connection.driver_connection
        ours = {name: int(driver.info.get_parameters()[name]) for name in NOTICED_LOST}
        # Their values are those of the connection's line, of which a Unix socket has none.
        theirs = connection.execute(
            text("SELECT name FROM pg_settings WHERE name LIKE 'tcp_%' AND source = 'client'")
        )
        assert set(theirs.scalars()) == {
            "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count",
            "tcp_user_timeout",
        }  # fmt: skip
    made.dispose()
    assert ours == NOTICED_LOST
    silence_s = ours["keepalives_idle"] + ours["keepalives_interval"] * ours["keepalives_count"]
    assert silence_s <= 15
    assert ours["tcp_user_timeout"] <= 15_000


@pytest.mark.skipif(bool(machines.why_not()), reason="needs network namespaces, and so root")
def test_a_pulled_cable_is_noticed_by_the_worker_and_by_the_server_that_keeps_its_locks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.foundation.silent_cable", "--outside"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the worker noticed" in done.stdout
    assert "the server noticed" in done.stdout
