"""Does what a plan says, in its order; what was done stays done when a later step fails."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from integration.jira import administration as admin
from integration.jira.plan import Provisioned
from integration.jira.webhook_plan import register_dynamic, webhook_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.jira.gateway import JiraGateway
    from integration.jira.plan import Plan, Step

SECRET_BYTES = 32


def apply(
    gateway: JiraGateway,
    plan: Plan,
    *,
    report: Callable[[Step], None] = lambda _: None,
) -> Provisioned:
    """Apply a plan and return what to remember.

    `report` hears of each step once it is done. Raises JiraFailure at the first step that fails;
    planning and applying again goes on from there, since fields that exist are adopted.
    """
    work = _Applying(gateway, plan)
    for step in plan.steps:
        work.do(step)
        report(step)
    return Provisioned(
        work.field_ids,
        plan.sprint_field_id,
        plan.story_points_field_id,
        work.webhook_secret,
        work.dynamic_webhook_ids,
        plan.project_field_ids,
    )


class _Applying:
    """The ids that become known on the way."""

    def __init__(self, gateway: JiraGateway, plan: Plan) -> None:
        self.gateway = gateway
        self.field_ids = dict(plan.field_ids)
        self.webhook_secret = ""
        self.dynamic_webhook_ids: tuple[int, ...] = ()

    def do(self, step: Step) -> None:
        """Do one step; those that change nothing in Jira are passed over."""
        match step.kind:
            case "create":
                spec = step.data["spec"]
                self.field_ids[spec.name] = admin.create_field(self.gateway, spec)
            case "context":
                field_id = self.field_ids[step.data["name"]]
                admin.create_context(self.gateway, field_id, step.data["project_ids"])
            case "associate":
                ids = [self.field_ids[name] for name in step.data["names"]]
                admin.associate(self.gateway, step.data["project_id"], ids)
            case "options":
                self._options(step)
            case "screen":
                self._screen(step)
            case "webhook":
                self._webhook(step)
            case _:
                pass

    def _options(self, step: Step) -> None:
        """Add what is missing in the contexts that cover our projects, and in no other."""
        spec = step.data["spec"]
        field_id = self.field_ids[spec.name]
        covering = admin.contexts_for(self.gateway, field_id, step.data["project_ids"])
        for context in sorted(set(covering.values())):
            there = admin.options(self.gateway, field_id, context)
            lacking = [value for value in spec.options if value not in there]
            if lacking:
                admin.add_options(self.gateway, field_id, context, lacking)

    def _screen(self, step: Step) -> None:
        screen_id, tab_id = step.data["screen_id"], step.data["tab_id"]
        if tab_id is None:
            tab_id = admin.create_tab(self.gateway, screen_id)
        for name in step.data["names"]:
            admin.add_to_screen(self.gateway, screen_id, tab_id, self.field_ids[name])

    def _webhook(self, step: Step) -> None:
        if step.data["dynamic"]:
            self.dynamic_webhook_ids = register_dynamic(
                self.gateway, step.subject, step.data["jql"], step.data["stale"]
            )
            return
        secret = self.gateway.connection.webhook_secret or secrets.token_urlsafe(SECRET_BYTES)
        body = webhook_body(step.subject, step.data["jql"], secret)
        admin.save_webhook(self.gateway, step.data["id"], body)
        self.webhook_secret = secret
