"""Adds addresses to a report when it is shown: stories to Jira, Sprints to our own pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from integration.reports.cap_shapes import CapNotice, PlanNotice, RaiseNotice
    from integration.reports.shapes import (
        DailyDigest,
        SpikeFigures,
        SprintHeader,
        SprintReport,
        StoryLine,
    )


@dataclass(frozen=True, slots=True)
class Links:
    """Where a workspace's stories and Sprints are found. Addresses have no slash at their end."""

    workspace_id: str
    public_url: str
    site_url: str = ""

    def story(self, story_key: str) -> str:
        """The story's page in Jira; empty when no Jira is connected."""
        return f"{self.site_url}/browse/{story_key}" if self.site_url else ""

    def story_page(self, story_key: str) -> str:
        """The story's page here."""
        return f"{self.public_url}/{self.workspace_id}/stories/{story_key}"

    def sprint(self, sprint_id: int) -> str:
        """The Sprint's page here."""
        return f"{self.public_url}/{self.workspace_id}/sprints/{sprint_id}"

    def settings(self) -> str:
        """The workspace's settings here."""
        return f"{self.public_url}/{self.workspace_id}/settings"

    def on_header(self, header: SprintHeader) -> SprintHeader:
        """A heading with its address."""
        report = f"{self.public_url}/{self.workspace_id}/reports/{header.sprint_id}"
        return replace(header, url=self.sprint(header.sprint_id), report_url=report)

    def on_story(self, line: StoryLine) -> StoryLine:
        """A story's line with its address."""
        return replace(line, url=self.story(line.story_key))

    def on_spike(self, spike: SpikeFigures) -> SpikeFigures:
        """A spike with the address of the story it is on."""
        url = self.story(spike.subject) if spike.subject_kind == "story" else ""
        return replace(spike, url=url)

    def on_report(self, report: SprintReport) -> SprintReport:
        """A Sprint report with all addresses."""
        return replace(
            report,
            sprint=self.on_header(report.sprint),
            stories=tuple(self.on_story(line) for line in report.stories),
            spikes=tuple(self.on_spike(spike) for spike in report.spikes),
        )

    def on_digest(self, digest: DailyDigest) -> DailyDigest:
        """A digest with all addresses."""
        return replace(
            digest,
            sprint=self.on_header(digest.sprint),
            spikes=tuple(self.on_spike(spike) for spike in digest.spikes),
            over_estimate=tuple(self.on_story(line) for line in digest.over_estimate),
            top_stories=tuple(self.on_story(line) for line in digest.top_stories),
        )

    def on_notice(self, notice: CapNotice) -> CapNotice:
        """A cap notice with all addresses."""
        return replace(
            notice,
            sprint=notice.sprint and self.on_header(notice.sprint),
            top_stories=tuple(self.on_story(line) for line in notice.top_stories),
        )

    def on_plan(self, plan: PlanNotice) -> PlanNotice:
        """A plan with all addresses."""
        return replace(
            plan,
            sprint=self.on_header(plan.sprint),
            stories=tuple(self.on_story(line) for line in plan.stories),
        )

    def on_raise(self, notice: RaiseNotice) -> RaiseNotice:
        """A request for a raise with the address of its Sprint."""
        return replace(notice, sprint=notice.sprint and self.on_header(notice.sprint))
