"""What provisioning would do, step by step, before it does anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from integration.foundation.wording import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal[
    "found",
    "adopt",
    "adopt_own",
    "create",
    "context",
    "associate",
    "options",
    "screen",
    "webhook",
    "fallback",
    "blocked",
]
CHANGING: frozenset[Kind] = frozenset(
    {"adopt", "adopt_own", "create", "context", "associate", "options", "screen", "webhook"}
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is so already, will be done, or has to be done by hand.

    `data` is what `apply` needs; its keys depend on the kind.
    """

    kind: Kind
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether applying it changes Jira, or what we remember of it."""
        return self.kind in CHANGING

    @property
    def mark(self) -> str:
        """Return `+` for what is made, `~` for what is changed or adopted, `!` for hand work."""
        if self.kind == "blocked":
            return "!"
        if not self.changes:
            return " "
        is_made = self.kind in {"create", "screen"} or (
            self.kind == "webhook" and not self.data["id"]
        )
        return "+" if is_made else "~"

    @property
    def sentence(self) -> str:
        """Say it to a person; of a blocked step, exactly what to do by hand."""
        template = environment("jira").get_template("plan_step.txt.j2")
        return " ".join(template.render(step=self, **self.data).split())


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in the order in which they are applied, and the ids that are known already."""

    steps: tuple[Step, ...]
    field_ids: Mapping[str, str]
    sprint_field_id: str
    story_points_field_id: str
    webhook_url: str = ""
    project_field_ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What people made of our fields in team-managed projects, by project key."""

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something; none when all is provisioned."""
        return tuple(step for step in self.steps if step.changes)

    @property
    def by_hand(self) -> tuple[Step, ...]:
        """The steps that our account may not do."""
        return tuple(step for step in self.steps if step.kind == "blocked")


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What to remember after applying a plan."""

    field_ids: Mapping[str, str]
    sprint_field_id: str
    story_points_field_id: str
    webhook_secret: str = field(default="", repr=False)
    """Set when the webhook was made or given a new secret."""
    dynamic_webhook_ids: tuple[int, ...] = ()
    """Set for OAuth; they live 30 days unless refreshed."""
    project_field_ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
