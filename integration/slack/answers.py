"""What the slash command, the modal and the Home tab show. The wording is in templates."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integration.slack.amounts import suggested_limit, write_amount
from integration.slack.block_kit import our_wording, render, render_message, render_view
from integration.slack.selection import most_spent, own_stories, sprint_cap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.foundation.wording import Wording
    from integration.reports.home_report import HomeReport
    from integration.reports.shapes import CapStatus, SprintHeader, SprintReport, StoryLine
    from integration.slack.block_kit import Block, SlackMessage
    from integration.slack.cap_desk import Waits
    from integration.slack.desk import WhatIfAnswer

STORIES_SHOWN = 5
CAPS_SHOWN = 10
OPTIONS_SHOWN = 6
SPRINTS_OFFERED = 50
TEAMS_OFFERED = 100


@dataclass(frozen=True)
class Answers:
    """Writes answers for one workspace, with days and times in its IANA time zone."""

    zone: str = "UTC"
    wording: Wording = field(default_factory=our_wording)

    def sprint(self, report: SprintReport) -> SlackMessage:
        """A Sprint in short."""
        return render_message(
            self.wording,
            "answer_sprint.json.j2",
            report=report,
            sprint_cap=sprint_cap(report.caps),
            zone=self.zone,
            **_most_spent(report),
        )

    def story(self, line: StoryLine) -> SlackMessage:
        """One story's estimate and actual."""
        return render_message(self.wording, "answer_story.json.j2", line=line)

    def caps(self, caps: tuple[CapStatus, ...]) -> SlackMessage:
        """The caps in force, each with a button to raise it."""
        return render_message(
            self.wording,
            "answer_caps.json.j2",
            caps=caps[:CAPS_SHOWN],
            more_caps=max(0, len(caps) - CAPS_SHOWN),
        )

    def what_if(self, answer: WhatIfAnswer) -> SlackMessage:
        """A story's alternatives."""
        return render_message(
            self.wording,
            "answer_what_if.json.j2",
            answer=answer,
            options=answer.options[:OPTIONS_SHOWN],
        )

    def note(self, note: str, **words: Any) -> SlackMessage:
        """A short answer, such as `help` or `unknown_story`; see `answer_note.json.j2`."""
        return render_message(self.wording, "answer_note.json.j2", note=note, **words)

    def raise_cap_view(self, cap: CapStatus) -> Block:
        """The modal that asks for a new limit and the reason."""
        suggested = suggested_limit(cap.limit, cap.spent + cap.held, cap.unit)
        return render_view(
            self.wording,
            "raise_cap.json.j2",
            cap=cap,
            suggested=write_amount(suggested, cap.unit),
            metadata=json.dumps({"cap_id": cap.cap_id}),
        )

    def raise_waits_view(self, waits: Waits) -> Block:
        """What the modal says once somebody else has to agree."""
        return render_view(self.wording, "raise_waits.json.j2", waits=waits)

    def set_cap_view(self, sprints: Sequence[SprintHeader]) -> Block:
        """The modal that asks what to cap, and at how much."""
        return render_view(self.wording, "set_cap.json.j2", sprints=sprints[:SPRINTS_OFFERED])

    def problem(self, problem: str, cap: CapStatus | None = None) -> str:
        """Return a sentence for a field of the modal, in plain text."""
        word = self.wording.ours.filters["amount"]
        limit = word(cap.limit, cap.unit) if cap else ""
        sentences: dict[str, str] = render(self.wording, "problems.json.j2", limit=limit)
        return sentences[problem]

    def home_view(self, home: HomeReport) -> Block:
        """The app's Home tab: the person's stories, the Sprint, the caps, the settings."""
        mine = home.mine or ()
        keys = {line.story_key for line in mine}
        dearest = home.report.stories if home.report else ()
        others = [line for line in dearest if line.story_key not in keys]
        return render_view(
            self.wording,
            "home.json.j2",
            home=home,
            report=home.report,
            sprint_cap=sprint_cap(home.report.caps) if home.report else None,
            mine=own_stories(mine)[:STORIES_SHOWN],
            more_mine=max(0, len(mine) - STORIES_SHOWN),
            stories=most_spent(others)[:STORIES_SHOWN],
            caps=home.caps[:CAPS_SHOWN],
            more_caps=max(0, len(home.caps) - CAPS_SHOWN),
            teams=home.teams[:TEAMS_OFFERED],
            zone=self.zone,
        )

    def who_am_i_view(self) -> Block:
        """The modal that asks for a story which is the person's own."""
        return render_view(self.wording, "who_am_i.json.j2")


def _most_spent(report: SprintReport) -> dict[str, Any]:
    spent = most_spent(report.stories)
    return {
        "stories": spent[:STORIES_SHOWN],
        "more_stories": max(0, len(spent) - STORIES_SHOWN),
    }
