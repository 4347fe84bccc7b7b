"""Usage through real web processes that are killed with -9: the ledger equals a plain recount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import acme_world, million
from integration.foundation.embedded_database import running

if TYPE_CHECKING:
    from pathlib import Path


def test_the_ledger_equals_a_recount_though_the_web_is_killed_five_times(tmp_path: Path) -> None:
    with running(tmp_path / "pg") as url:
        engine, key = acme_world.found(url)
        with acme_world.disposed(engine):
            sent = million.play(url, key, tmp_path, events=3000, batch=50, kills=5)
            found = million.counted(engine)
    assert found["calls"] == sent.calls
    assert found["list_cost_nanousd"] == sent.list_cost_nanousd
    assert found["input_tokens"] == sent.input_tokens
    assert found["output_tokens"] == sent.output_tokens
    assert found["disagreements"] == 0
    assert sent.answered["rejected"] == sent.malformed
    assert sent.resent_batches > 0
