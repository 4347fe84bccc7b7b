"""A Sprint's report in Jira: a link on an issue that people choose, and files attached to it.

A Sprint itself can carry neither. The link has an id of ours, so that a later revision replaces it.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.jira.gateway import JiraGateway

APPLICATION = {"type": "app.storymeter", "name": "StoryMeter"}


def link_report(
    gateway: JiraGateway, key: str, *, global_id: str, url: str, title: str, summary: str
) -> None:
    """Link an issue to a report, or change the link that is there. Raises JiraFailure."""
    gateway.make_room(key)
    gateway.call(
        "POST", f"{gateway.connection.rest}/issue/{key}/remotelink", idempotent=True,
        body={
            "globalId": global_id, "application": APPLICATION, "relationship": "is reported by",
            "object": {"url": url, "title": title, "summary": summary},
        },
    )  # fmt: skip


def attach_report(gateway: JiraGateway, key: str, filename: str, content: bytes) -> None:
    """Attach a file to an issue; one that is sent twice is there twice. Raises JiraFailure."""
    gateway.make_room(key)
    gateway.attempt(
        lambda client: client.add_attachment(key, BytesIO(content), filename=filename),
        f"POST {gateway.connection.rest}/issue/{key}/attachments",
        idempotent=False,
    )
