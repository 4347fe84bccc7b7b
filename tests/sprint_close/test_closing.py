"""A Sprint closes, usage comes late, it is re-opened, and its entries are recounted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import text

from integration.journeys.audit_report import audit_report
from integration.journeys.close_sprint import close_sprint, report_of
from integration.ledger import recount_queries as recount
from integration.mailbox import queries as mailbox
from integration.reconciliation import store as reconciliation
from integration.reconciliation.revision import content_digest
from integration.reports.shapes import SprintReport, VarianceParts
from integration.reports.standing import revision_report
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.doors.worlds import CHAT, ENDS_AT, STARTS_AT, World, at, unpriced_models

if TYPE_CHECKING:
    from datetime import datetime

CALL = 20_000_000
"""Nano-USD of one call with 6000 tokens in at 2.50 and 500 out at 10 dollars per million."""
ROW = ("Summaries", CHAT, "1000", "6000", "500", "", "eu-west-1")


def revisions(world: World) -> list[SprintReport]:
    with world.service.transactions.begin() as session:
        found = reconciliation.all_revisions(session, world.workspace_id, world.sprint_id)
    return [msgspec.convert(each.body, SprintReport, strict=False) for each in found]


def one_story(world: World) -> str:
    world.sprint()
    story = world.story(4, "Summarise uploaded contracts", ROW)
    world.usage(story, at(10, 10), calls=700, tokens=(6000, 500))
    return story


def rebuilt(world: World, now: datetime) -> str:
    """Make the report from the entries alone and return its digest."""
    with world.service.transactions.begin() as session:
        spent = recount.recount_sprint(session, world.workspace_id, world.sprint_id)
        report = report_of(
            session, world.workspace_id, world.sprint_id, world.books, reason="", now=now,
            spent=spent,
        )  # fmt: skip
    return content_digest(msgspec.to_builtins(report))


def stored(world: World) -> str:
    with world.service.transactions.begin() as session:
        latest = reconciliation.latest(session, world.workspace_id, world.sprint_id)
    assert latest is not None
    return latest.digest


def parts_of(parts: VarianceParts) -> int:
    names = [name for name in VarianceParts.__struct_fields__ if name != "total_nanousd"]
    return sum(getattr(parts, name) for name in names)


def test_a_report_rebuilt_from_the_entries_equals_the_stored_one(world: World) -> None:
    unpriced_models(world)
    world.close()
    assert rebuilt(world, ENDS_AT + timedelta(hours=3)) == stored(world)


def test_late_usage_changes_its_own_part_of_the_variance_alone(world: World) -> None:
    story = one_story(world)
    world.close()
    late = at(20, 15)
    world.usage(story, late, calls=30, tokens=(6000, 500), now=ENDS_AT + timedelta(hours=1))
    world.close(ENDS_AT + timedelta(hours=2), reason="late_usage")
    first, second = revisions(world)
    before, after = first.stories[0].variance, second.stories[0].variance
    assert before is not None
    assert after is not None
    assert after == msgspec.structs.replace(
        before, total_nanousd=before.total_nanousd + 30 * CALL, late_usage_nanousd=30 * CALL
    )
    assert parts_of(after) == after.total_nanousd
    assert (second.late_usage_nanousd, second.reason) == (30 * CALL, "late_usage")
    assert rebuilt(world, ENDS_AT + timedelta(hours=3)) == stored(world)


def test_closing_again_without_anything_new_says_nothing(world: World) -> None:
    one_story(world)
    world.close()
    world.close(ENDS_AT + timedelta(hours=2), reason="late_usage")
    assert len(revisions(world)) == 1


def test_what_jira_says_later_of_a_story_makes_no_revision(world: World) -> None:
    one_story(world)
    world.close()
    world.story(4, "A new title", ROW, at=ENDS_AT + timedelta(minutes=5), status="Done")
    world.close(ENDS_AT + timedelta(hours=2))
    assert len(revisions(world)) == 1


def test_a_sprint_that_was_reopened_closes_again_without_late_usage(world: World) -> None:
    story = one_story(world)
    world.close()
    world.sprint(state="active", completed_at=None)
    world.usage(story, at(20, 17), calls=50, tokens=(6000, 500))
    world.sprint(state="closed", completed_at=ENDS_AT + timedelta(days=1))
    close_sprint(
        world.service.transactions, world.workspace_id, world.sprint_id, world.books,
        reason="closed", now=ENDS_AT + timedelta(days=1),
    )  # fmt: skip
    first, second = revisions(world)
    assert second.totals.list_cost_nanousd - first.totals.list_cost_nanousd == 50 * CALL
    assert (second.late_usage_nanousd, second.reason) == (0, "reopened")


def test_both_the_estimate_at_the_start_and_the_latest_are_compared(world: World) -> None:
    world.sprint()
    world.story(4, "Summarise uploaded contracts", ROW)
    doubled = (*ROW[:2], "2000", *ROW[3:])
    story = world.story(4, "Summarise uploaded contracts", doubled, at=at(11, 9))
    world.usage(story, at(12, 10), calls=1500, tokens=(6000, 500))
    world.close()
    (line,) = revisions(world)[0].stories
    assert line.at_start is not None
    assert line.estimate is not None
    assert line.at_start.list_cost_nanousd is not None
    assert line.estimate.list_cost_nanousd is not None
    assert line.at_start.list_cost_nanousd.central == 1000 * CALL
    assert line.estimate.list_cost_nanousd.central == 2000 * CALL
    assert (line.at_start_error_pct, line.error_pct) == (50.0, -25.0)


def test_unattributed_spend_is_shared_out_beside_the_actuals(world: World) -> None:
    one_story(world)
    world.usage("", at(11, 10), calls=10, tokens=(6000, 500))
    with world.service.transactions.begin() as session:
        workspaces.create(
            session, Workspace("acme", "Acme", "UTC", allocation_rule="even"), STARTS_AT
        )
    other = world.story(5, "Explain invoices", ROW)
    world.usage(other, at(12, 10), calls=1, tokens=(6000, 500))
    world.close()
    (report,) = revisions(world)
    assert report.allocation_rule == "even"
    assert [line.allocated_nanousd for line in report.stories] == [5 * CALL, 5 * CALL]
    assert report.totals.list_cost_nanousd == 701 * CALL


def test_savings_are_measured_against_the_cost_per_call_of_earlier_sprints(world: World) -> None:
    one_story(world)
    world.close()
    later = World(world.service, sprint_id=15)
    start, end = ENDS_AT + timedelta(days=1), ENDS_AT + timedelta(days=12)
    later.sprint(starts_at=start, ends_at=end)
    story = later.story(9, "Summaries, shorter", ROW)
    later.usage(story, start + timedelta(days=1), calls=100, tokens=(2000, 500))
    later.sprint(starts_at=start, ends_at=end, state="closed", completed_at=end)
    close_sprint(later.service.transactions, "acme", 15, later.books, reason="closed", now=end)
    (report,) = revisions(later)
    (saving,) = report.savings
    assert (saving.baseline_nanousd, saving.actual_nanousd) == (100 * CALL, 100 * CALL // 2)
    assert (saving.saved_nanousd, saving.sprints) == (50 * CALL, 1)


def test_a_recount_that_agrees_is_kept_and_says_nothing(world: World) -> None:
    one_story(world)
    world.close()
    with world.service.transactions.begin() as session:
        assert reconciliation.unaudited(session, "acme") == [(14, 1)]
        report = revision_report(session, "acme", 14)
    assert report is not None
    assert report.recount == "pending"
    assert audit_report(world.service.transactions, "acme", 14, 1, world.books, now=ENDS_AT)
    with world.service.transactions.begin() as session:
        assert reconciliation.unaudited(session, "acme") == []
        report = revision_report(session, "acme", 14)
        assert report is not None
        assert report.recount == "agrees"
        assert mailbox.promised(session, "acme", "slack.ledger_alarm", "sprint:14") is None


def test_a_recount_that_differs_makes_a_revision_that_says_so_and_an_alarm(world: World) -> None:
    one_story(world)
    with world.service.transactions.begin() as session:
        session.execute(text("UPDATE sprint_spend SET calls = calls + 1"))
    world.close()
    for _ in range(2):
        agrees = audit_report(world.service.transactions, "acme", 14, 1, world.books, now=ENDS_AT)
        assert agrees is False
    first, second = revisions(world)
    assert (first.ledger_agrees, second.ledger_agrees, second.reason) == (True, False, "audit")
    with world.service.transactions.begin() as session:
        shown = revision_report(session, "acme", 14)
        assert shown is not None
        assert shown.recount == "differs"
        assert reconciliation.unaudited(session, "acme") == []
        assert mailbox.promised(session, "acme", "slack.ledger_alarm", "sprint:14") is not None


def test_a_day_whose_entries_differ_is_found(world: World) -> None:
    one_story(world)
    with world.service.transactions.begin() as session:
        session.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER ALL"))
        session.execute(text("UPDATE ledger_entry SET output_tokens = output_tokens + 1"))
    world.close()
    agrees = audit_report(world.service.transactions, "acme", 14, 1, world.books, now=ENDS_AT)
    assert agrees is False


def test_nobody_can_tell_once_retention_has_dropped_entries(world: World) -> None:
    one_story(world)
    world.close()
    with world.service.transactions.begin() as session:
        session.execute(text("DROP TABLE ledger_entry_20261110"))
    agrees = audit_report(world.service.transactions, "acme", 14, 1, world.books, now=ENDS_AT)
    assert agrees is None
    with world.service.transactions.begin() as session:
        shown = revision_report(session, "acme", 14)
    assert shown is not None
    assert shown.recount == "impossible"
