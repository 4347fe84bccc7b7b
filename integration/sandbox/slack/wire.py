"""Slack's way to say yes and no, and what a Web API method is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integration.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


class SlackRefusal(Exception):
    """An `"ok": false` answer. `messages` are the lines of `response_metadata.messages`."""

    def __init__(self, error: str, *, messages: tuple[str, ...] = (), **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.more = more

    def body(self) -> Json:
        """Return the JSON body as Slack words it."""
        answer: Json = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer


class RateLimited(SlackRefusal):
    """A 429 with `Retry-After` in seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("ratelimited")
        self.retry_after_s = retry_after_s


def refused_arguments(*messages: str) -> SlackRefusal:
    """Return the refusal which Slack gives for a missing or malformed argument."""
    return SlackRefusal("invalid_arguments", messages=tuple(f"[ERROR] {line}" for line in messages))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Web API method; `base_url` is the address the server was reached at."""

    workspace: Workspace
    method: str
    args: Mapping[str, object]
    base_url: str

    def text(self, name: str) -> str:
        """Return a required argument. Raises SlackRefusal when it is missing."""
        value = self.optional(name)
        if not value:
            raise refused_arguments(f"missing required field: {name}")
        return value

    def optional(self, name: str) -> str | None:
        """Return an argument as text, or None when it was not sent."""
        value = self.args.get(name)
        return None if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes-or-no argument, in any of the spellings of form and JSON bodies."""
        value = self.args.get(name)
        return default if value is None else str(value).lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return a whole number. Raises SlackRefusal when it is none."""
        value = self.optional(name)
        try:
            return default if value in {None, ""} else int(str(value))
        except ValueError:
            raise refused_arguments(f"must be a number [json-pointer:/{name}]") from None

    def structure(self, name: str, refusal: str) -> Any:
        """Return an argument that is JSON, sent as such or as a string. Raises SlackRefusal."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackRefusal(refusal) from None


Method = Callable[[Call], Json]


def page_of(items: list[Json], call: Call, *, default_limit: int = 100) -> tuple[list[Json], Json]:
    """Cut a list as `cursor` and `limit` ask, and return it with its `response_metadata`."""
    limit = min(max(call.number("limit", default_limit) or default_limit, 1), 1000)
    cursor = call.optional("cursor")
    try:
        start = int(cursor.removeprefix("at:")) if cursor else 0
    except ValueError:
        raise SlackRefusal("invalid_cursor") from None
    end = start + limit
    return items[start:end], {"next_cursor": f"at:{end}" if end < len(items) else ""}
