"""The last wall before the log: what looks like a key, a token, a signature or a password goes.

The walls before it are that nobody logs headers or bodies, that connections keep their secrets out
of `repr`, and that statements are logged without their parameters. This one is for what others put
into their errors and log lines: drivers, libraries, and services that quote what they were sent.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

GONE = "…"

_SHAPES = re.compile(
    r"""
    \b(?:smk_|xox[a-z]-|xapp-|xoxe\.|ATATT|ATCTT|ATOA)[\w.=-]{6,}   # our keys, Slack's, Atlassian's
    | \beyJ[\w-]{8,}\.[\w-]+\.[\w-]*                                # a JSON Web Token
    | \bgAAAA[\w=-]{20,}                                            # what is sealed at rest
    | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                       # user and password in an address
    | (?<=hooks\.slack\.com/)[\w/-]+                                # as good as a password
    | (?<=/commands/)[\w/-]+                                        # the same
    | (?:(?<=v0=)|(?<=sha256=)|(?<=sha1=))[0-9a-f]{16,}             # signatures
    | (?i:(?:(?<=bearer\ )|(?<=basic\ )))[\w.~+/=-]{8,}
    | (?i:(?<=password=))(?:'[^']*'|[^\s&'"]+)
    | (?i:(?:(?<=cookie:\ )|(?<=cookie':\ '))[^\r\n'"]+)
    | (?i:(?:(?<=auth-token:\ )|(?<=auth-token':\ ')|(?<=x-api-key:\ )|(?<=x-api-key':\ '))
        [^\s'"]+)
    """,
    re.VERBOSE,
)


def redacted(text: str) -> str:
    """Return the text without what looks like a secret.

    >>> redacted("no route to postgresql://meter:hunter2@db/books for Bearer smk_0123456789abcdef")
    'no route to postgresql://…@db/books for Bearer …'
    """
    return _SHAPES.sub(GONE, text)


def redact_event(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact every text of a structlog event, its trace included; runs just before the renderer."""
    for name, value in event.items():
        event[name] = _without_secrets(value)
    return event


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(each) for each in value]
    return redacted(str(value)) if isinstance(value, BaseException) else value


class RedactedRecord(logging.LogRecord):
    """A line of a library's or the server's own logger, redacted whoever writes it where."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.msg, self.args = redacted(super().getMessage()), ()
        if self.exc_info and self.exc_info[0] is not None:
            # Formatters take this text, where it is there, instead of making one.
            trace = "".join(traceback.format_exception(*self.exc_info))
            self.exc_text = redacted(trace.rstrip())
