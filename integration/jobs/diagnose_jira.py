"""All that may be wrong between a workspace and its Jira: the site's set-up, and our own queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.findings import Finding
from integration.foundation.row_wall import only
from integration.foundation.wording import environment
from integration.jira.diagnosis import diagnose
from integration.jira.webhook_plan import webhook_url
from integration.mailbox import queries as mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.jobs.house import House

SHOWN = 5


def diagnose_workspace(house: House, workspace_id: str) -> list[Finding]:
    """Look at the workspace's Jira and at what waits or failed on our side; changes nothing.

    Raises:
        DeliveryFailed: no Jira is connected, or its OAuth grant cannot be refreshed.
    """
    gateway = house.outside.jira(workspace_id)
    found = diagnose(gateway, webhook_url=webhook_url(house.public_url, workspace_id))
    with only(house.transactions, workspace_id).begin() as session:
        last = mailbox.last_received(session, workspace_id, "jira")
        ours = list(_ours(session, workspace_id, last, house.clock.now()))
    if last is not None:
        # Our account may not see how the webhook is set up, but it works.
        found = [one for one in found if one.kind != "webhook"]
    return [*found, *ours]


def _ours(
    session: Session, workspace_id: str, last: datetime | None, now: datetime
) -> Iterator[Finding]:
    yield _finding("deliveries", is_well=True, last=last)
    counts = mailbox.inbox_counts(session, workspace_id)
    unread = {state: counts[state] for state in ("unknown", "failed") if counts.get(state)}
    if unread:
        yield _finding("unread", is_well=False, workspace_id=workspace_id, unread=unread)
    until = mailbox.paused_until(session, workspace_id, "jira", now)
    if until is not None:
        yield _finding("pause", is_well=False, until=until)
    given_up = [
        one
        for one in mailbox.failed_promises(session, workspace_id)
        if one.kind.startswith("jira.")
    ]
    if given_up:
        shown = [(one.subject, one.note) for one in given_up[:SHOWN]]
        yield _finding("given_up", is_well=False, count=len(given_up), shown=shown)


def _finding(kind: str, *, is_well: bool, **values: object) -> Finding:
    template = environment("jira").get_template("queue_finding.txt.j2")
    words = template.render(kind=kind, **values)
    return Finding(kind, is_well, " ".join(words.split()))
