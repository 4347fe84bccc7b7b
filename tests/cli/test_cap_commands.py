"""Caps from the command line: set, kept, raised, asked for, agreed to, removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_set_up_commands import storymeter

if TYPE_CHECKING:
    from tests.cli.test_set_up_commands import Storymeter

__all__ = ["storymeter"]
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def cap(storymeter: Storymeter) -> Storymeter:
    """Type `storymeter cap …` in the workspace `acme`."""
    storymeter("workspace", "create", "acme")
    return lambda *arguments: storymeter("cap", *arguments)


def shown(cap: Storymeter, cap_id: str) -> Any:
    code, said, _ = cap("show", cap_id)
    assert code == 0
    return json.loads(said)


def test_a_cap_is_set_and_what_is_not_given_again_stays(cap: Storymeter) -> None:
    first = cap("set", "team", "assist", "300", "--mode", "warn", "--threshold", "60",
                "--approver", "slack:U1", "--reserve", "10")  # fmt: skip
    assert first[0] == 0
    assert "$300.00 left" in first[1]
    assert cap("set", "team", "assist", "250", "--carry-over", "unspent")[0] == 0
    found = shown(cap, "team-assist")
    assert (found["limit"], found["mode"], found["thresholds"]) == ("250", "warn", [60])
    assert (found["approvers"], found["reserve_pct"]) == (["slack:U1"], 10)
    assert found["carry_over"] == "unspent"


def test_other_units_and_windows_make_other_caps(cap: Storymeter) -> None:
    cap("set", "team", "assist", "5", "--unit", "kgco2e", "--from", "2026-12-01", "--until",
        "2027-01-01")  # fmt: skip
    found = shown(cap, "team-assist-from-2026-12-01-kgco2e")
    assert found["period_end"] == "2027-01-01T00:00:00+00:00"
    code, said, _ = cap("list", "--json")
    assert code == 0
    assert [each["id"] for each in json.loads(said)] == [found["id"]]


def test_a_raise_waits_for_another_where_duties_are_separate(cap: Storymeter) -> None:
    cap("set", "team", "assist", "300", "--separate-approver")
    code, said, _ = cap("raise", "team-assist", "400", "--reason", "a customer waits")
    assert code == 0
    assert "others must agree" in said
    request_id = cap("requests")[1].split()[0]
    code, _, why = cap("grant", request_id)
    assert code == 1
    assert "cannot be the one who agrees" in why
    assert "declined" in cap("decline", request_id)[1]
    assert "0 waiting" in cap("requests")[1]


def test_a_raise_for_a_time_says_until_when(cap: Storymeter) -> None:
    cap("set", "team", "assist", "300")
    code, said, _ = cap("raise", "team-assist", "400", "--reason", "a week", "--until",
                        "2999-01-01")  # fmt: skip
    assert code == 1
    code, said, why = cap("raise", "team-assist", "400", "--reason", "for good")
    assert code == 0, why
    assert "granted" in said
    assert "$400.00" in said


def test_a_cap_is_removed_with_a_reason(cap: Storymeter) -> None:
    cap("set", "team", "assist", "300")
    assert cap("remove", "team-assist", "--reason", "the team is gone")[0] == 0
    assert "No cap is set" in cap("list")[1]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("set", "team", "assist", "0"), "/limit"),
        (("set", "team", "assist", "a lot"), "'a lot' is not an amount"),
        (("set", "sprint", "99", "300"), "/scope_value"),
        (("set", "planet", "mars", "300"), "'planet'"),
        (("raise", "none", "300", "--reason", "x"), "no cap 'none'"),
        (("grant", "none"), "no request 'none'"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    cap: Storymeter, command: tuple[str, ...], why: str
) -> None:
    code, _, said = cap(*command)
    assert code in {1, 2}
    assert why in said
