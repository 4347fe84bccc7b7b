"""The shipped table against EcoLogits itself, for every model it knows."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest

from integration.carbon.tables import ModelEnergy, shipped_tables

pytest.importorskip("ecologits", reason="EcoLogits is a development dependency")

import ecologits.model_repository
from ecologits.tracers.utils import llm_impacts
from ecologits.utils.range_value import RangeValue

ROWS = shipped_tables().models


def mean(value: Any) -> float:
    """Return the middle of a range, or the number itself."""
    return float(value.mean if isinstance(value, RangeValue) else value)


def test_the_table_has_every_model_and_names_its_data() -> None:
    listed = ecologits.model_repository.models.list_models()
    raw = (Path(ecologits.model_repository.__file__).parent / "data" / "models.json").read_bytes()

    assert {(row.provider, row.model) for row in ROWS} == {
        (model.provider.value, model.name) for model in listed
    }
    assert {row.models_digest for row in ROWS} == {hashlib.sha256(raw).hexdigest()[:16]}


@pytest.mark.parametrize("tokens", [1, 400, 123_457])
def test_every_models_output_energy_and_embodied_emissions_equal_ecologits(tokens: int) -> None:
    for row in ROWS:
        theirs = llm_impacts(row.provider, row.model, tokens, math.inf)
        assert theirs.energy is not None
        assert theirs.embodied is not None
        energy_wh = row.a_wh.central + tokens * row.b_out_wh.central
        embodied_g = row.embodied_a_g.central + tokens * row.embodied_b_out_g.central

        assert energy_wh == pytest.approx(mean(theirs.energy.value) * 1000, rel=1e-9), row.model
        assert embodied_g == pytest.approx(mean(theirs.embodied.gwp.value) * 1000, rel=1e-9)


def test_ecologits_own_range_lies_within_ours() -> None:
    for row in ROWS:
        theirs = llm_impacts(row.provider, row.model, 1_000, math.inf)
        assert theirs.energy is not None
        value = theirs.energy.value
        ends = (value.min, value.max) if isinstance(value, RangeValue) else (value, value)

        assert at_thousand(row, 0) <= ends[0] * 1000 * (1 + 1e-12)
        assert at_thousand(row, 2) >= ends[1] * 1000 * (1 - 1e-12)


def test_every_coefficient_rises_from_low_to_high() -> None:
    for row in ROWS:
        for spread in (row.a_wh, row.b_in_wh, row.b_cache_read_wh, row.b_out_wh):
            assert spread.low <= spread.central <= spread.high, row.model
        assert row.b_in_wh.low > 0
        assert row.b_out_wh.low > 0


def at_thousand(row: ModelEnergy, case: int) -> float:
    """Return the Wh of one call with 1,000 output tokens."""
    return row.a_wh[case] + 1_000 * row.b_out_wh[case]
