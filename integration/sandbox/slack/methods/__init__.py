"""The Web API's methods, one file per family; each takes a Call and returns the answer's body.

Owns what each method checks, changes and answers. Does not own HTTP, tokens or rate limits (see
`api.py`), nor the state itself (see `workspace.py`).
Invariant: a method runs under the workspace's lock and sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.slack.methods import (
    chat,
    conversations,
    files,
    installation,
    marks,
    scheduling,
    users,
    views,
)

if TYPE_CHECKING:
    from integration.sandbox.slack.wire import Method

METHODS: dict[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **installation.METHODS,
    **marks.METHODS,
    **scheduling.METHODS,
    **users.METHODS,
    **views.METHODS,
}
NEED_NO_TOKEN = frozenset({"api.test", "oauth.v2.access", "apps.connections.open"})
