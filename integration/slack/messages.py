"""What StoryMeter posts: report shapes in, Block Kit messages out. The wording is in templates.

Lists are cut to what a person reads on a phone, and the message says how many more there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.reports.variance_causes import main_causes
from integration.slack.block_kit import our_wording, render, render_message
from integration.slack.selection import (
    acting_caps,
    error_of_estimated_pct,
    has_no_estimate,
    largest_errors,
    near_caps,
    reviewed,
    sprint_cap,
)

if TYPE_CHECKING:
    from integration.foundation.wording import Wording
    from integration.reports.cap_shapes import CapNotice, PlanNotice, RaiseNotice
    from integration.reports.shapes import (
        CapStatus,
        DailyDigest,
        SpikeFigures,
        SprintHeader,
        SprintReport,
    )
    from integration.slack.block_kit import SlackMessage

STORIES_SHOWN = 5
SPIKES_SHOWN = 3
CAPS_SHOWN = 5
ROWS_SHOWN = 10


@dataclass(frozen=True)
class Messages:
    """Writes messages for one workspace, with days and times in its IANA time zone."""

    zone: str = "UTC"
    wording: Wording = field(default_factory=our_wording)

    def daily_digest(self, digest: DailyDigest) -> SlackMessage:
        """Stand-up: burn, forecast, spikes with their causes, stories over their estimate."""
        return render_message(
            self.wording,
            "digest.json.j2",
            digest=digest,
            sprint_cap=sprint_cap(digest.caps),
            near_caps=[cap for cap in near_caps(digest.caps) if not _is_told(cap, digest)][
                :CAPS_SHOWN
            ],
            spikes=digest.spikes[:SPIKES_SHOWN],
            more_spikes=max(0, len(digest.spikes) - SPIKES_SHOWN),
            stories=digest.over_estimate[:STORIES_SHOWN],
            more_stories=max(0, len(digest.over_estimate) - STORIES_SHOWN),
            top_stories=digest.top_stories[:STORIES_SHOWN],
            zone=self.zone,
        )

    def spike_notice(self, spike: SpikeFigures) -> SlackMessage:
        """One spike: running, or with its end."""
        causes = sorted(spike.causes, key=lambda cause: -abs(cause.amount_nanousd))
        return render_message(
            self.wording, "spike.json.j2", spike=spike, causes=causes[:4], zone=self.zone
        )

    def cap_notice(self, notice: CapNotice) -> SlackMessage:
        """A crossed threshold or a denied call; once it was raised, who did it and why."""
        return render_message(
            self.wording,
            "cap_notice.json.j2",
            notice=notice,
            cap=notice.cap,
            stories=notice.top_stories[:STORIES_SHOWN],
            more_stories=max(0, len(notice.top_stories) - STORIES_SHOWN),
            zone=self.zone,
        )

    def raise_request(self, notice: RaiseNotice) -> SlackMessage:
        """Somebody asks for a raise; once it was decided, who did it."""
        return render_message(
            self.wording, "raise_request.json.j2", notice=notice, cap=notice.cap, zone=self.zone
        )

    def sprint_review(self, report: SprintReport, *, with_table: bool = True) -> SlackMessage:
        """A closed Sprint's estimates against its actuals; later revisions say what came late.

        Without a table, stories outside their range are lines of text.
        """
        errors = largest_errors(report.stories)
        rows = reviewed(report.stories) if with_table else []
        return render_message(
            self.wording,
            "sprint_review.json.j2",
            report=report,
            stories=errors[:STORIES_SHOWN],
            more_stories=max(0, len(errors) - STORIES_SHOWN),
            rows=rows[:ROWS_SHOWN],
            row_count=len(rows),
            missed_count=len(errors),
            error_pct=error_of_estimated_pct(report.stories),
            causes=main_causes(report.variance),
            judged=[story for story in report.stories if story.within_range is not None],
            ai_stories=[story for story in report.stories if story.is_ai_work],
            unestimated=[story for story in report.stories if has_no_estimate(story)],
            caps=acting_caps(report.caps)[:CAPS_SHOWN],
            late_stories=[
                story
                for story in report.stories
                if story.variance and story.variance.late_usage_nanousd
            ],
            zone=self.zone,
        )

    def chart_captions(self, report: SprintReport) -> dict[str, dict[str, str]]:
        """Title and description of each chart image, by the chart's name."""
        cap = sprint_cap(report.caps)
        captions: dict[str, dict[str, str]] = render(
            self.wording, "chart_captions.json.j2", report=report, sprint_cap=cap
        )
        return captions

    def ledger_alarm(self, sprint: SprintHeader, note: str) -> SlackMessage:
        """A recount of the entries does not agree with a Sprint's report."""
        return render_message(self.wording, "ledger_alarm.json.j2", sprint=sprint, note=note)

    def planning_notice(self, plan: PlanNotice) -> SlackMessage:
        """A future Sprint whose stories' estimates go over a cap, or fit again."""
        trim = list(dict.fromkeys(key for each in plan.commitments for key in each.trim))
        return render_message(
            self.wording,
            "planning.json.j2",
            plan=plan,
            commitments=[each for each in plan.commitments if each.verdict != "fits"][:CAPS_SHOWN],
            trim=[line for line in plan.stories if line.story_key in trim][:STORIES_SHOWN],
            trim_count=len(trim),
            zone=self.zone,
        )


def _is_told(cap: CapStatus, digest: DailyDigest) -> bool:
    """Whether the digest begins with this cap already: the Sprint's own, used up."""
    own = sprint_cap(digest.caps)
    return own is not None and cap.cap_id == own.cap_id and not own.available
