"""What happens on the site, told to whoever listens (webhooks do)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Issue


@dataclass(frozen=True, slots=True)
class Event:
    """One event with its webhook body; `issue` is what JQL filters are asked about."""

    name: str
    payload: Callable[[], JsonObject]
    issue: Issue | None = None
    field_ids: frozenset[str] = frozenset()
    property_key: str | None = None


@dataclass(slots=True)
class Listeners:
    """The listeners of a site. A payload is only built when somebody wants it."""

    all: list[Callable[[Event], None]] = field(default_factory=list)
    muted: bool = False

    def announce(self, event: Event) -> None:
        """Tell every listener, in order."""
        if not self.muted:
            for listener in self.all:
                listener(event)
