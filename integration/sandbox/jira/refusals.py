"""The one error of this room: an answer that Jira would give instead of doing what was asked."""

from __future__ import annotations

NO_ISSUE = "Issue does not exist or you do not have permission to see it."
NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."


class JiraRefusalError(Exception):
    """A refusal with Jira's status code and error collection."""

    def __init__(self, status: int, *messages: str, errors: dict[str, str] | None = None) -> None:
        """Keep status, messages for people and messages by field."""
        super().__init__(f"{status} {messages or errors}")
        self.status = status
        self.messages = list(messages)
        self.errors = errors or {}


def not_found(what: str) -> JiraRefusalError:
    """Return the 404 that says what is not there."""
    return JiraRefusalError(404, what)


def bad_request(*messages: str, **errors: str) -> JiraRefusalError:
    """Return a 400 with messages, or with one message per field."""
    return JiraRefusalError(400, *messages, errors=errors)
