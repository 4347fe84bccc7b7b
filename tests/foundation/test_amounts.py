"""Money, energy and emissions keep every digit, and round half to even once."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from integration.foundation.money import nanousd, usd
from integration.foundation.quantities import kgco2e, ugco2e, wh

AMOUNTS = st.integers(-(2**63), 2**63 - 1)


@given(AMOUNTS)
def test_stored_amounts_survive_the_edge(amount: int) -> None:
    assert nanousd(usd(amount)) == amount
    assert ugco2e(kgco2e(amount)) == amount
    assert wh(amount) * 1_000_000 == amount


def test_halves_go_to_the_even_neighbour() -> None:
    halves = [Decimal(f"{n}.5") / 10**9 for n in range(-3, 4) if n >= 0]
    assert [nanousd(half) for half in halves] == [0, 2, 2, 4]
    assert [ugco2e(half) for half in halves] == [0, 2, 2, 4]


def test_dollars_print_without_an_exponent_or_a_tail_of_zeros() -> None:
    assert f"{usd(0):f}" == "0"
    assert f"{usd(1):f}" == "0.000000001"
    assert f"{usd(100_000_000_000):f}" == "100"
