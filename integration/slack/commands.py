"""Answers `/storymeter …`: which question it is, and what the desk says to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.slack.answers import Answers
    from integration.slack.block_kit import SlackMessage
    from integration.slack.desk import SlackDesk
    from integration.slack.messages import Messages

STORY_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,79}-[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A slash command as typed: `text` is what follows the command's name."""

    workspace_id: str
    channel_id: str
    command: str
    text: str


def answer_command(
    asked: Asked, desk: SlackDesk, answers: Answers, messages: Messages
) -> SlackMessage:
    """Return what to tell the person; questions that cannot be answered get a kind note."""
    word, _, rest = asked.text.strip().partition(" ")
    match word.lower():
        case "" | "help":
            return answers.note("help", command=asked.command)
        case "sprint":
            report = desk.sprint_report(asked.workspace_id, channel_id=asked.channel_id)
            return answers.sprint(report) if report else answers.note("no_sprint")
        case "cap" | "caps":
            return answers.caps(desk.caps(asked.workspace_id, channel_id=asked.channel_id))
        case "digest":
            digest = desk.digest(asked.workspace_id, channel_id=asked.channel_id)
            return messages.daily_digest(digest) if digest else answers.note("no_sprint")
        case "story" | "whatif":
            return _about_story(asked, word.lower(), rest.strip(), desk, answers)
        case _:
            return answers.note("unknown_command", command=asked.command, said=word)


def _about_story(
    asked: Asked, question: str, typed: str, desk: SlackDesk, answers: Answers
) -> SlackMessage:
    if not typed:
        return answers.note("key_missing", command=asked.command, said=question)
    key = STORY_KEY.search(typed.upper())
    if key and question == "story":
        line = desk.story_line(asked.workspace_id, key.group())
        if line:
            return answers.story(line)
    elif key:
        alternatives = desk.what_if(asked.workspace_id, key.group())
        if alternatives:
            return answers.what_if(alternatives)
    return answers.note("unknown_story", said=typed)
