"""Fictional Sprints of the Acme team, played through the real journeys on the real database.

The Sprint runs from Monday 9 November 2026, 09:00 UTC, to Friday 20 November, 16:00 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from integration.backlog.story import Membership, Sprint, Story
from integration.caps.policy import Cap, Mode, ScopeKind, Unit
from integration.caps.raising.terms import Terms
from integration.foundation.money import nanousd
from integration.journeys.authorize_call import AuthorizationRequest, authorize_call
from integration.journeys.close_sprint import close_sprint
from integration.journeys.detect_spikes import detect_spikes
from integration.journeys.keep_backlog import take_in_sprint, take_in_story
from integration.journeys.raise_cap import Who, raise_cap
from integration.journeys.record_usage import record_usage
from integration.journeys.set_cap import set_cap
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, SlackAccount, Team, Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.journeys.books import Books
    from integration.web.service import Service

STARTS_AT = datetime(2026, 11, 9, 9, tzinfo=UTC)
ENDS_AT = datetime(2026, 11, 20, 16, tzinfo=UTC)
WEEK_BEFORE = STARTS_AT - timedelta(days=7)
HEADINGS = (
    "Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens", "Cached share",
    "Region", "Provider",
)  # fmt: skip
CHAT, SMALL, EMBED = "gpt-4o", "gpt-4o-mini", "text-embedding-3-small"


@dataclass(frozen=True, slots=True)
class World:
    """A workspace of a service, and what can happen in it."""

    service: Service
    workspace_id: str = "acme"
    sprint_id: int = 14
    project: str = "SHOP"

    def found(self, name: str = "Acme") -> World:
        """Create the workspace with a team, a Jira site and a Slack team."""
        with self.service.transactions.begin() as session:
            box = self.service.box
            workspaces.create(
                session, Workspace(self.workspace_id, name, "Europe/Berlin", "eu-west-1"),
                WEEK_BEFORE,
            )  # fmt: skip
            workspaces.save_team(
                session, Team(self.workspace_id, "assist", f"{name} Assist", 7, "C0ASSIST")
            )
            workspaces.connect_jira(
                session,
                JiraAccount(
                    self.workspace_id, "https://acme.example.com", "https://acme.example.com",
                    "bot@acme.example.com", token="jira-secret-token",
                    webhook_secret="webhook-secret", project_keys=(self.project,),
                ),
                box,
            )  # fmt: skip
            workspaces.connect_slack(
                session,
                SlackAccount(
                    self.workspace_id, "https://slack.example.com/api",
                    bot_token="xoxb-slack-secret", signing_secret="signing-secret",
                    team_id=f"T-{self.workspace_id}", default_channel_id="C0ASSIST",
                ),
                box,
            )  # fmt: skip
        return self

    @property
    def books(self) -> Books:
        """The books of the workspace."""
        return self.service.books.for_workspace(self.workspace_id)

    def key(self, name: str, *scopes: str) -> str:
        """Add an API key and return its secret."""
        with self.service.transactions.begin() as session:
            return workspaces.create_key(session, self.workspace_id, name, scopes, WEEK_BEFORE)

    def sprint(self, **changes: object) -> Sprint:
        """Keep the Sprint as it is, with changes."""
        sprint = Sprint(
            self.sprint_id, 7, f"Acme Sprint {self.sprint_id}", "active",
            "Answers in chat that people trust", STARTS_AT, ENDS_AT,
        )  # fmt: skip
        sprint = replace(sprint, **changes)  # type: ignore[arg-type]  # Checked by the dataclass.
        take_in_sprint(
            self.service.transactions, self.workspace_id, sprint, now=self.service.clock.now()
        )
        return sprint

    def story(
        self, number: int, summary: str, *rows: Sequence[str], ai: bool = True,
        at: datetime = WEEK_BEFORE, status: str = "In Progress", **changes: object,
    ) -> str:  # fmt: skip
        """Take in a story of the Sprint, or a sub-task, with its workloads, and estimate it."""
        story_key = f"{self.project}-{number}"
        story = Story(
            issue_id=str(10_000 + number), story_key=story_key, project_key=self.project,
            summary=summary, issue_type="Story", status=status,
            status_category="indeterminate", updated_at=at, created_at=WEEK_BEFORE,
            labels=("ai",) if ai else (), memberships=(Membership(self.sprint_id, STARTS_AT),),
        )  # fmt: skip
        story = replace(story, **changes)  # type: ignore[arg-type]  # Checked by the dataclass.
        table = [list(HEADINGS), *(list(row) for row in rows)] if rows else None
        take_in_story(
            self.service.transactions, self.workspace_id, story, self.books,
            rows=table, has_section=True, now=at,
        )  # fmt: skip
        return story_key

    def usage(
        self, story_key: str, at: datetime, *, calls: int, tokens: tuple[int, int],
        model: str = CHAT, cached: int = 0, now: datetime | None = None, **other: object,
    ) -> None:  # fmt: skip
        """Meter one batch of calls, with `tokens` in and out for each of them."""
        event = UsageEvent(
            source="api", occurred_at=at, provider_name="openai", request_model=model,
            event_id=f"{story_key}:{model}:{at.isoformat()}", calls=calls,
            input_tokens=tokens[0] * calls, cache_read_input_tokens=cached * calls,
            output_tokens=tokens[1] * calls, story_key=story_key, region="eu-west-1",
            **other,  # type: ignore[arg-type]  # The struct checks them.
        )  # fmt: skip
        record_usage(
            self.service.transactions, self.workspace_id, [event], self.books,
            now=now or at + timedelta(minutes=1),
        )  # fmt: skip

    def daily(
        self, story_key: str, days: int, *, calls: int, tokens: tuple[int, int],
        model: str = CHAT, cached: int = 0,
    ) -> None:  # fmt: skip
        """Meter the same use at ten in the morning of so many working days of the Sprint."""
        for at in working_days()[:days]:
            self.usage(story_key, at, calls=calls, tokens=tokens, model=model, cached=cached)

    def cap(
        self, cap_id: str, kind: ScopeKind, value: str, amount: str, unit: Unit = "usd",
        mode: Mode = "block", **changes: object,
    ) -> None:  # fmt: skip
        """Set a cap of so many dollars, tokens or kilograms."""
        limit = int(amount) if unit == "tokens" else nanousd(Decimal(amount))
        cap = Cap(self.workspace_id, cap_id, kind, value, unit, limit, mode)
        cap = replace(cap, **changes)  # type: ignore[arg-type]  # Checked by the dataclass.
        set_cap(self.service.transactions, cap, actor="cli", now=STARTS_AT)

    def raised(self, cap_id: str, amount: str, reason: str, at: datetime) -> None:
        """Let a person raise a cap of dollars."""
        raise_cap(
            self.service.transactions, self.workspace_id, cap_id,
            Terms(nanousd(Decimal(amount)), reason), who=Who("slack:U0PO", "Robin Product"), now=at,
        )  # fmt: skip

    def asks(self, story_key: str, authorization_id: str, at: datetime, tokens: int) -> None:
        """Let a client ask for a call with so many tokens in."""
        authorize_call(
            self.service.transactions, self.workspace_id,
            AuthorizationRequest(authorization_id, CHAT, tokens, 16_000, "openai", story_key),
            self.books, now=at,
        )  # fmt: skip

    def look_for_spikes(self, now: datetime) -> None:
        """Judge the recent spend as the worker does."""
        detect_spikes(self.service.transactions, self.workspace_id, self.books, now=now)

    def close(self, at: datetime = ENDS_AT, reason: str = "closed") -> None:
        """Close the Sprint in Jira and reconcile it."""
        self.sprint(state="closed", completed_at=ENDS_AT)
        close_sprint(
            self.service.transactions, self.workspace_id, self.sprint_id, self.books,
            reason=reason, now=at,
        )  # fmt: skip


def working_days() -> list[datetime]:
    """Ten in the morning of the Sprint's ten working days."""
    first = STARTS_AT + timedelta(hours=1)
    days = [first + timedelta(days=passed) for passed in range(12)]
    return [day for day in days if day.isoweekday() <= 5]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Name an instant of November 2026, UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def quiet_day(world: World) -> None:
    """Play a Sprint of three stories without anything unusual; the cap is far away."""
    world.sprint()
    chat = world.story(
        1, "Answer billing questions in chat",
        ("Chat answers", CHAT, "5000", "1200", "300", "50%", "eu-west-1"),
    )  # fmt: skip
    search = world.story(
        2, "Embed the help centre for search",
        ("Embed articles", EMBED, "60000", "800", "0", "", "eu-west-1", "openai"),
    )  # fmt: skip
    world.story(3, "Move the login page to the new design", ai=False)
    world.daily(chat, 9, calls=520, tokens=(1200, 280), cached=600)
    world.daily(search, 9, calls=6000, tokens=(780, 0), model=EMBED)
    world.cap("sprint-14", "sprint", "14", "80")


def spike(world: World) -> None:
    """Play the quiet Sprint with a story that suddenly makes six times the calls."""
    quiet_day(world)
    contracts = world.story(
        4, "Summarise uploaded contracts",
        ("Summaries", CHAT, "1000", "6000", "500", "", "eu-west-1"),
    )  # fmt: skip
    for passed in range(10):
        for hour in range(8, 18):
            when = at(9, hour, 5) + timedelta(days=passed)
            if when >= STARTS_AT:
                world.usage(contracts, when, calls=12, tokens=(6000, 500))
    for hour in (8, 9, 10):
        world.usage(contracts, at(20, hour, 20), calls=220, tokens=(9000, 650))
        world.look_for_spikes(at(20, hour, 50))


def over_cap(world: World) -> None:
    """Play the Sprint with a spike and a small cap: it denies calls, is raised, and is passed."""
    quiet_day(world)
    world.cap("sprint-14", "sprint", "14", "30")
    world.cap("carbon-14", "sprint", "14", "2.5", "kgco2e", "warn")
    contracts = world.story(
        4, "Summarise uploaded contracts",
        ("Summaries", CHAT, "500", "6000", "500", "", "eu-west-1"),
    )  # fmt: skip
    world.daily(contracts, 8, calls=150, tokens=(6500, 520))
    world.asks(contracts, "call-1", at(19, 9), 110_000)
    world.raised("sprint-14", "60", "The contract pilot needs it; agreed with finance", at(19, 10))
    world.usage(contracts, at(19, 11), calls=900, tokens=(6500, 520))
    world.asks(contracts, "call-2", at(19, 12), 110_000)


def epic(world: World) -> None:
    """Play a Sprint in which three stories and a sub-task belong to an epic with a cap."""
    world.sprint()
    mine = "SHOP-9"
    chat = world.story(
        1, "Answer billing questions in chat",
        ("Chat answers", CHAT, "5000", "1200", "300", "", "eu-west-1"), epic_key=mine,
    )  # fmt: skip
    world.story(
        2, "Summarise calls overnight",
        ("Nightly summary", CHAT, "800", "4000", "600", "", "eu-west-1"), epic_key=mine,
    )  # fmt: skip
    world.story(3, "Move the login page to the new design", ai=False, epic_key=mine)
    part = world.story(8, "Write the prompts", ai=False, parent_key=chat, is_subtask=True)
    world.daily(chat, 4, calls=900, tokens=(1200, 280))
    world.daily(part, 2, calls=40, tokens=(900, 90))
    world.cap("billing", "epic", mine, "40")


def no_ai_stories(world: World) -> None:
    """Play a Sprint in which nothing is AI work."""
    world.sprint()
    world.story(3, "Move the login page to the new design", ai=False)
    world.story(5, "Upgrade the build machines", ai=False)


def unpriced_models(world: World) -> None:
    """Play a Sprint on a model that nobody knows, with usage on no story, and a gap in a table."""
    quiet_day(world)
    own = world.story(
        6, "Route tickets with our own model",
        ("Routing", "acme-router-7", "2000", "400", "20", "", "eu-west-1"),
    )  # fmt: skip
    world.story(7, "Explain an invoice line by line", ("Explain", CHAT, "", "900", "", "", ""))
    world.daily(own, 5, calls=200, tokens=(400, 20), model="acme-router-7")
    world.usage("", at(18, 15), calls=40, tokens=(900, 120), team="support", key_alias="laptop")


def second_revision(world: World) -> None:
    """Close the Sprint, then let usage of its last day come late."""
    over_cap(world)
    world.close()
    world.usage("SHOP-4", at(20, 12), calls=120, tokens=(6500, 520), now=at(21, 8))
    world.close(at(21, 9), "late usage")
