"""A second, slow opinion of the books: every roll-up added up again from the entries themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from integration.ledger.entry import AMOUNTS

if TYPE_CHECKING:
    from integration.foundation.database import Transactions

SUMS = ", ".join(f"coalesce(sum({name}), 0)::numeric" for name in AMOUNTS)


def disagreements(transactions: Transactions) -> list[tuple[object, ...]]:
    """Rows in which a roll-up differs from the entries behind it; empty when all is well."""
    by_sprint = "workspace_id, sprint_id, story_key, provider_name, model"
    by_day = "workspace_id, {day}, story_key, provider_name, model, sprint_id"
    nothing = " AND ".join(f"sum({name}) IS NOT DISTINCT FROM 0" for name in AMOUNTS)
    found = []
    with transactions.begin() as session:
        for roll_up, keys, from_entries in (
            ("sprint_spend", by_sprint, by_sprint),
            ("day_spend", by_day.format(day="day"), by_day.format(day="occurred_on")),
        ):
            rolled = f"SELECT {keys}, {SUMS} FROM {roll_up} GROUP BY {keys} HAVING NOT ({nothing})"
            told = f"SELECT {from_entries}, {SUMS} FROM ledger_entry GROUP BY {from_entries}"
            zero = ", ".join(["0::numeric"] * len(AMOUNTS))
            told += f" EXCEPT SELECT {from_entries}, {zero} FROM ledger_entry"
            for left, right in ((rolled, told), (told, rolled)):
                rows = session.execute(text(f"({left}) EXCEPT ({right})"))
                found += [(roll_up, *row) for row in rows]
    return found


def totals(transactions: Transactions, *names: str) -> tuple[int, ...]:
    """Sums over the whole ledger, reversals included."""
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in names)
    with transactions.begin() as session:
        return tuple(session.execute(text(f"SELECT {sums} FROM ledger_entry")).one())


def spend_by_story(transactions: Transactions) -> dict[tuple[str, int], tuple[int, int]]:
    """Calls and list cost (nano-USD) by story and Sprint, from the entries; zeros left out."""
    with transactions.begin() as session:
        rows = session.execute(
            text(
                "SELECT story_key, sprint_id, sum(calls)::bigint, "
                "coalesce(sum(list_cost_nanousd), 0)::bigint FROM ledger_entry GROUP BY 1, 2"
            )
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in rows if row[2] or row[3]}


def double_reversals(transactions: Transactions) -> int:
    """Entries that were taken back more than once."""
    with transactions.begin() as session:
        return int(
            session.execute(
                text(
                    "SELECT count(*) FROM (SELECT reverses FROM ledger_entry "
                    "WHERE reverses IS NOT NULL GROUP BY 1 HAVING count(*) > 1) AS twice"
                )
            ).scalar_one()
        )
