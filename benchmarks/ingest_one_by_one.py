"""The web app without group commit, for comparison: each request is a transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.app import create_app
from integration.journeys.record_usage import UsageRecorder
from integration.web.service import EXTENSION
from integration.web.usage import USAGE_QUEUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

    from integration.journeys.known_calls import Outcome
    from integration.journeys.record_usage import Submission


class OneByOne:
    """Takes the queue's place and lets nobody share a transaction."""

    def __init__(self, recorder: UsageRecorder) -> None:
        self._recorder = recorder

    def record(self, submission: Submission) -> Sequence[Outcome]:
        """Record a submission in a transaction of its own."""
        self._recorder.record([submission])
        return submission.outcomes


def app() -> Flask:
    """Make the app as `storymeter web` does, but for the queue."""
    made = create_app()
    made.extensions[USAGE_QUEUE] = OneByOne(UsageRecorder(made.extensions[EXTENSION].across))
    return made
