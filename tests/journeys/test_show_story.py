"""Two writers of one story's promise: neither undoes what the other has added."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from integration.estimation import store as estimates
from integration.estimation.forecast import estimate
from integration.journeys.show_story import FIELDS, promise_story
from integration.mailbox import queries as mailbox
from integration.metering.usage import UsageEvent
from tests.journeys.test_record_usage import BOOKS, NOON, Acme

if TYPE_CHECKING:
    from integration.foundation.database import Transactions


def test_an_actual_is_not_undone_by_a_story_read_at_the_same_time(
    transactions: Transactions,
) -> None:
    acme = Acme(transactions)
    usage = UsageEvent(
        source="api", occurred_at=NOON, provider_name="openai", request_model="gpt-4o",
        input_tokens=1000, output_tokens=100, event_id="e1", story_key="SHOP-1",
    )  # fmt: skip
    acme.record(usage)
    with transactions.begin() as session:
        unclear = estimate([], at=NOON, price_book=BOOKS.prices, carbon_book=BOOKS.carbon)
        estimates.save_if_changed(session, "acme", "SHOP-1", unclear, NOON)

    def read_again() -> None:
        with transactions.begin() as session:
            promise_story(session, "acme", "SHOP-1", NOON)

    with transactions.begin() as session:
        promise_story(session, "acme", "SHOP-1", NOON, with_actual=True)
        reader = Thread(target=read_again)
        reader.start()
        reader.join(0.5)
    reader.join()

    with transactions.begin() as session:
        promised = mailbox.promised(session, "acme", FIELDS, "SHOP-1")
        assert promised is not None
        assert promised.body["actual"]["calls"] == 1
