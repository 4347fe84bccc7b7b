"""The ledger equals a plain recount of what was sent, price by price and factor by factor."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.journeys.acme_house import acme_house
from tests.journeys.worked_figures import PRICES, Tokens, carbon, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from integration.foundation.database import Transactions
    from tests.journeys.acme_house import AcmeHouse

MODELS = (*PRICES, "acme-voice-1")
SUMS = (
    "SELECT story_key, model, sum(calls), sum(input_tokens), sum(cache_read_input_tokens), "
    "sum(output_tokens), sum(unpriced_calls), sum(calls_without_factor), "
    "coalesce(sum(list_cost_nanousd), 0), coalesce(sum(location_central_ugco2e), 0) "
    "FROM {table} GROUP BY 1, 2"
)


@pytest.fixture
def acme(engine: Engine, transactions: Transactions) -> Iterator[AcmeHouse]:
    with acme_house(engine, transactions) as house:
        yield house


def made_up(acme: AcmeHouse, count: int) -> list[dict[str, Any]]:
    """Calls of three stories and of none, on two known models and an unknown one."""
    random = Random(11)
    events = []
    for place in range(count):
        given = random.randrange(1, 200_000)
        back = timedelta(minutes=random.randrange(20_000))
        model = random.choice(MODELS)
        events.append({
            "event_id": f"call-{place}", "request_model": model, "region": "us-east-1",
            "provider_name": "openai" if model in PRICES else "acme",
            "occurred_at": (acme.clock.now() - back).isoformat(),
            "story_key": random.choice(("SHOP-1", "SHOP-2", "SHOP-3", "")),
            "calls": random.randrange(1, 4), "input_tokens": given,
            "cache_read_input_tokens": random.randrange(given + 1),
            "output_tokens": random.randrange(5_000),
        })  # fmt: skip
    return events


def recount(events: list[dict[str, Any]]) -> dict[tuple[str, str], list[int]]:
    """Add up each event once: calls, tokens, unknowns, nano-USD and µgCO₂e."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 8)
    for event in {event["event_id"]: event for event in events}.values():
        model = event["request_model"]
        used = Tokens(
            event["calls"], event["input_tokens"], event["cache_read_input_tokens"],
            event["output_tokens"],
        )  # fmt: skip
        is_known = model in PRICES
        unknown = 0 if is_known else used.calls
        cost = PRICES[model].nanousd(used) if is_known else 0
        emitted = whole(carbon(model, "USA").ugco2e(used)) if is_known else 0
        line = found[event["story_key"], model]
        for place, amount in enumerate((*used, unknown, unknown, cost, emitted)):
            line[place] += amount
    return dict(found)


def test_the_ledger_and_its_roll_ups_equal_a_plain_recount(acme: AcmeHouse) -> None:
    events = made_up(acme, 300)
    shuffled = events + events[::3]  # A third of the calls arrives twice.
    Random(12).shuffle(shuffled)
    counts: Counter[str] = Counter()
    for start in range(0, len(shuffled), 50):
        said = acme.report(*shuffled[start : start + 50])
        counts.update({name: said[name] for name in ("accepted", "duplicates")})
        assert said["rejected"] == []
    assert counts == {"accepted": 300, "duplicates": 100}

    expected = recount(events)
    for table in ("ledger_entry", "day_spend", "sprint_spend"):
        with acme.service.engine.connect() as connection:
            rows = connection.execute(text(SUMS.format(table=table))).all()
        found = {(row[0], row[1]): [int(amount) for amount in row[2:]] for row in rows}
        assert found.keys() == expected.keys()
        for key, amounts in found.items():
            *exact, emitted = amounts
            assert exact == expected[key][:-1], (table, key)
            # Emissions are worked out in binary: at most 1 µg per event aside.
            assert abs(emitted - expected[key][-1]) <= 300, (table, key)


def test_each_storys_report_says_what_was_sent_for_it(acme: AcmeHouse) -> None:
    events = made_up(acme, 120)
    acme.report(*events)
    expected = recount(events)
    for story_key in ("SHOP-1", "SHOP-2", "SHOP-3"):
        said = acme.ask("GET", f"/v1/stories/{story_key}", "read").json()
        models = {row["model"]: row["actual"] for row in said["models"]}
        for model, actual in models.items():
            calls, given, cached, made, unpriced, _, cost, _ = expected[story_key, model]
            assert actual["calls"] == calls
            assert actual["input_tokens"] == given
            assert actual["cache_read_input_tokens"] == cached
            assert actual["output_tokens"] == made
            assert actual["unpriced_calls"] == unpriced
            assert actual["list_cost_nanousd"] == cost
        total = sum(expected[story_key, model][6] for model in models)
        assert said["actual"]["list_cost_nanousd"] == total
