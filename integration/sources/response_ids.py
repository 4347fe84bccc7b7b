"""Ids of calls: short ones as they are, LiteLLM's taken apart, long ones by their digest.

For the Responses API LiteLLM puts the provider's id into one of its own, in base64 or encrypted.
The first is taken apart here. Nobody but the proxy can read the second, but whoever saw it saw the
same 400 characters.
"""

from __future__ import annotations

import re
from base64 import b64decode
from hashlib import blake2b

from integration.metering.identity import OPAQUE
from integration.metering.usage import MAX_ID, MAX_TEXT
from integration.sources.batch import Unreadable
from integration.sources.values import text

_WRAPPED = "resp_bGl0ZWxsbTpjdXN0b21f"  # "litellm:custom_" in base64
_INSIDE = re.compile(r"litellm:custom_llm_provider:[^;]*;model_id:[^;]*;response_id:(\S{1,256})")


def identifier(value: object, pointer: str) -> str:
    """Return an id of at most MAX_TEXT characters; a longer one is stood for by its digest.

    Raises Unreadable for what is no text, or longer than any id.
    """
    if not isinstance(value, str) or len(value) <= MAX_TEXT:
        return text(value, pointer)
    if len(value) > MAX_ID:
        raise Unreadable(pointer, "too_long", f"expected at most {MAX_ID} characters")
    return OPAQUE + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def response_id(value: object, pointer: str) -> str:
    """Return the provider's id of an answer, as `identifier` writes it down.

    >>> import base64
    >>> inside = b"litellm:custom_llm_provider:openai;model_id:m1;response_id:resp_7"
    >>> response_id("resp_" + base64.b64encode(inside).decode(), "/id")
    'resp_7'
    """
    if isinstance(value, str) and value.startswith(_WRAPPED) and len(value) <= MAX_ID:
        try:
            inside = _INSIDE.fullmatch(b64decode(value.removeprefix("resp_")).decode())
        except ValueError:
            inside = None
        if inside:
            return text(inside[1], pointer)
    return identifier(value, pointer)
