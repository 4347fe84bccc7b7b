"""Each message, answer and view in each of its states, by the name of its golden file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from integration.reports.home_report import HomeReport
from integration.reports.shapes import VarianceParts
from integration.slack.answers import Answers
from integration.slack.cap_desk import Waits
from integration.slack.desk import WhatIfAnswer, WhatIfOption
from integration.slack.messages import Messages
from integration.workspaces.workspace import Team
from tests import report_examples as acme
from tests.adapters.slack import notice_examples as notices

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.slack.block_kit import SlackMessage

ZONE = "Europe/London"
WHAT_IF = WhatIfAnswer(
    story_key="ACME-102",
    url="https://storymeter.example.com/stories/ACME-102",
    version=3,
    estimated_nanousd=acme.spread("10", "15", "24"),
    today_nanousd=acme.spread("12", "18", "29"),
    today_ugco2e=acme.grams(220),
    options=(
        WhatIfOption(
            "acme-small-2",
            acme.spread("1.9", "2.8", "4.6"),
            acme.grams(60),
            acme.usd("15.2"),
            160_000_000,
        ),
        WhatIfOption(
            "half of the prompt from the cache",
            acme.spread("8", "12.5", "20"),
            None,
            acme.usd("5.5"),
        ),
    ),
)
WHY = VarianceParts(
    total_nanousd=acme.usd("59.90"), volume_nanousd=acme.usd("51.20"),
    input_length_nanousd=acme.usd("12.10"), cache_share_nanousd=acme.usd("-3.40"),
)  # fmt: skip
TEAM = Team("acme", "assist", "Acme Assist", 7, "C0STANDUP", "Europe/London")
OTHER_TEAM = Team("acme", "search", "Acme Search", 8)
CAPS = (acme.SPRINT_CAP, acme.STORY_CAP, acme.CARBON_CAP)
SETTINGS = "https://storymeter.example.com/acme/settings"
HOME = HomeReport(
    report=acme.running_report(),
    mine=(acme.STORIES[1], acme.STORIES[9], acme.STORIES[10]),
    found_by="email",
    team=TEAM,
    teams=(TEAM, OTHER_TEAM),
    caps=CAPS,
    settings_url=SETTINGS,
)
STRANGER = HomeReport(report=acme.running_report(), team=TEAM, teams=(TEAM,), caps=CAPS)


def every_message(messages: Messages, answers: Answers) -> dict[str, Callable[[], SlackMessage]]:
    """Return what makes each message."""
    return {
        "digest_quiet": lambda: messages.daily_digest(notices.quiet_digest()),
        "digest_normal": lambda: messages.daily_digest(notices.digest()),
        "digest_spike": lambda: messages.daily_digest(notices.spike_digest()),
        "digest_over_cap": lambda: messages.daily_digest(notices.over_cap_digest()),
        "spike_running": lambda: messages.spike_notice(acme.SPIKE),
        "spike_over": lambda: messages.spike_notice(acme.SPIKE_OVER),
        "spike_new_price": lambda: messages.spike_notice(notices.SPIKE_PRICE),
        "cap_threshold_80": lambda: messages.cap_notice(notices.threshold_notice()),
        "cap_threshold_100": lambda: messages.cap_notice(notices.threshold_notice(100)),
        "cap_denied": lambda: messages.cap_notice(notices.denied_notice()),
        "cap_denied_past": lambda: messages.cap_notice(notices.past_notice()),
        "cap_denied_resolved": lambda: messages.cap_notice(notices.resolved_notice()),
        "cap_raise_ended": lambda: messages.cap_notice(notices.raise_ended_notice()),
        "cap_raised_until": lambda: messages.cap_notice(notices.raised_until_notice()),
        "raise_waiting": lambda: messages.raise_request(notices.raise_request()),
        "raise_granted": lambda: messages.raise_request(
            notices.raise_request(state="granted", decided_by="Petra Owner")
        ),
        "raise_granted_by_oneself": lambda: messages.raise_request(
            notices.raise_request(state="granted", asked_by="Petra Owner", decided_by="Petra Owner")
        ),
        "raise_declined": lambda: messages.raise_request(
            notices.raise_request(
                state="declined",
                decided_by="Petra Owner",
                decided_reason="Next Sprint.",
                until=None,
            )
        ),
        "raise_outdated": lambda: messages.raise_request(notices.raise_request(state="outdated")),
        "review": lambda: messages.sprint_review(acme.sprint_report()),
        "review_without_table": lambda: messages.sprint_review(
            acme.sprint_report(), with_table=False
        ),
        "review_why": lambda: messages.sprint_review(acme.sprint_report(variance=WHY)),
        "review_recounted": lambda: messages.sprint_review(acme.sprint_report(recount="agrees")),
        "review_no_ai": lambda: messages.sprint_review(acme.report_without_ai()),
        "review_unpriced": lambda: messages.sprint_review(acme.unpriced_report()),
        "review_revision_2": lambda: messages.sprint_review(acme.second_revision()),
        "review_ledger_disagrees": lambda: messages.sprint_review(
            acme.sprint_report(ledger_agrees=False)
        ),
        "planning_over_cap": lambda: messages.planning_notice(notices.plan_notice()),
        "planning_at_risk": lambda: messages.planning_notice(notices.risky_plan()),
        "planning_trimmed": lambda: messages.planning_notice(notices.trimmed_plan()),
        "planning_started": lambda: messages.planning_notice(notices.plan_notice(state="started")),
        "planning_moves_back": lambda: messages.planning_notice(
            notices.plan_notice(moves_back=True, moved=("ACME-101",), moved_by="StoryMeter")
        ),
        "answer_sprint": lambda: answers.sprint(acme.running_report()),
        "answer_story": lambda: answers.story(acme.STORIES[1]),
        "answer_story_not_estimated": lambda: answers.story(acme.STORIES[9]),
        "answer_story_without_ai": lambda: answers.story(acme.STORIES[10]),
        "answer_caps": lambda: answers.caps((acme.SPRINT_CAP, acme.STORY_CAP, acme.CARBON_CAP)),
        "answer_caps_none": lambda: answers.caps(()),
        "answer_what_if": lambda: answers.what_if(WHAT_IF),
        "answer_what_if_none": lambda: answers.what_if(WhatIfAnswer("ACME-110")),
        "note_help": lambda: answers.note("help"),
        "note_unknown_command": lambda: answers.note("unknown_command", said="sprnt"),
        "note_key_missing": lambda: answers.note("key_missing", said="story"),
        "note_unknown_story": lambda: answers.note("unknown_story", said="ACME-999"),
        "note_no_sprint": lambda: answers.note("no_sprint"),
        "note_unknown_cap": lambda: answers.note("unknown_cap"),
        "note_refused": lambda: answers.note("refused", said="Petra has decided this already"),
        "note_unavailable": lambda: answers.note("unavailable"),
    }


def every_view(answers: Answers) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return what makes each view."""
    return {
        "view_raise_cap": lambda: answers.raise_cap_view(acme.STORY_CAP),
        "view_raise_carbon_cap": lambda: answers.raise_cap_view(acme.CARBON_CAP),
        "view_raise_guarded_cap": lambda: answers.raise_cap_view(notices.raise_request().cap),
        "view_raise_waits": lambda: answers.raise_waits_view(Waits(("slack:U0PETRA",))),
        "view_set_cap": lambda: answers.set_cap_view((acme.SPRINT,)),
        "view_set_cap_no_sprint": lambda: answers.set_cap_view(()),
        "view_home": lambda: answers.home_view(HOME),
        "view_home_stranger": lambda: answers.home_view(STRANGER),
        "view_home_jira_away": lambda: answers.home_view(replace(STRANGER, jira_is_away=True)),
        "view_home_none_mine": lambda: answers.home_view(
            replace(HOME, mine=(), found_by="stated", teams=(TEAM,))
        ),
        "view_home_no_sprint": lambda: answers.home_view(HomeReport()),
        "view_home_planned": lambda: answers.home_view(
            HomeReport(coming=acme.SPRINT, mine=(), found_by="email", team=OTHER_TEAM)
        ),
        "view_who_am_i": answers.who_am_i_view,
    }


MESSAGES = every_message(Messages(ZONE), Answers(ZONE))
VIEWS = every_view(Answers(ZONE))
