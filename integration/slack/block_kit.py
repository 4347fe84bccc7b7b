"""Turns templates into Block Kit JSON that nothing said by people can break out of.

Two locks: what a template outputs is escaped for Slack's markup unless a macro of ours made it,
and every text enters the JSON through `tojson` in `templates/slack/blocks.j2`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from integration.foundation.wording import Wording, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment

SECTION_TEXT_MAX = 3_000
MESSAGE_TEXT_MAX = 4_000
MESSAGE_BLOCKS_MAX, VIEW_BLOCKS_MAX = 50, 100
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
UNITS = {"usd": "usd", "tokens": "tokens", "kgco2e": "co2e"}
OF_WHAT = {"usd": "", "tokens": " tokens", "kgco2e": " CO₂e"}

Block = dict[str, Any]


class SlackMessage(NamedTuple):
    """What chat.postMessage takes: blocks, and the text that notifications and readers fall to."""

    blocks: list[Block]
    text: str


def escaped(value: object) -> Markup:
    """Escape for Slack's markup, which knows three entities and no others.

    >>> str(escaped("<!channel> & 'you'"))
    "&lt;!channel&gt; &amp; 'you'"
    """
    if isinstance(value, Markup):
        return value
    if value is None:
        raise ValueError("an unknown must be worded by the template, not printed")
    return Markup("".join(ENTITIES.get(char, char) for char in str(value)))


def cut(value: object, longest: int) -> Markup:
    """Put a foreign text on one line, escaped, of at most this length, never within an entity.

    >>> str(cut("a < b\\n and more", 8))
    'a &lt; …'
    """
    words = " ".join(str(value).split())
    pieces = [ENTITIES.get(char, char) for char in words]
    if sum(map(len, pieces)) <= longest:
        return Markup("".join(pieces))
    kept, length = [], 1
    for piece in pieces:
        length += len(piece)
        if length > longest:
            break
        kept.append(piece)
    return Markup("".join(kept) + "…")


def plain_cut(value: object, longest: int) -> str:
    """Put a foreign text on one line of at most this length, as it is.

    For cells of tables: they hold no markup, so nothing in them can be meant.

    >>> plain_cut("Q & A <!here>\\n today", 10)
    'Q & A <!h…'
    """
    words = " ".join(str(value).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def tidy(text: object, longest: int = SECTION_TEXT_MAX) -> Markup:
    """Drop a template's indentation and empty lines; cut at a line's end where it is too long."""
    lines = [line.strip() for line in escaped(text).splitlines()]
    whole = "\n".join(line for line in lines if line)
    if len(whole) <= longest:
        return Markup(whole)
    head = whole[: longest - 2]
    head = head.rsplit("\n", 1)[0] if "\n" in head else re.sub(r"(<[^>]*|&\w*)$", "", head)
    return Markup(head + "\n…")


def href(address: str) -> Markup:
    """Return an address that cannot end a link early."""
    safe = quote(address, safe=":/?#[]@!$&'()*+,;=%~-._")
    return Markup(safe.replace("&", "&amp;"))


def is_web_address(address: str) -> bool:
    """Tell whether this may be linked to: http or https with a host, of a length Slack takes."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(address) <= 2_000


@cache
def slack_environment(wording: Environment | None = None) -> Environment:
    """Return the environment for `templates/slack`; `wording` may look in other folders first.

    Kept, because a fresh environment compiles all its templates again.
    """
    base = wording or environment("slack", "words")
    made = base.overlay(autoescape=True, finalize=escaped)
    # An overlay shares its tables with the environment beneath, which others use too.
    made.filters = {
        **base.filters,
        "cut": cut,
        "plain_cut": plain_cut,
        "tidy": tidy,
        "href": href,
        "amount": _amount_filter(base.filters),
    }
    made.tests = {**base.tests, "web_address": is_web_address}
    return made


def slack_wording(wording: Wording) -> Wording:
    """Return a workspace's wording of `templates/slack`, escaped for Slack."""
    return wording.mapped(slack_environment)


@cache
def our_wording() -> Wording:
    """Return our own words, in English."""
    return Wording(slack_environment())


def render(wording: Wording, template: str, **figures: object) -> Any:
    """Render a template to the JSON value it writes."""
    return wording.render(template, json.loads, **figures)


def render_message(wording: Wording, template: str, **figures: object) -> SlackMessage:
    """Render a message template: `{"text": …, "blocks": [… null]}`."""
    return wording.render(
        template, _message if wording.own is None else _checked_message, **figures
    )


def render_view(wording: Wording, template: str, **figures: object) -> Block:
    """Render a modal or an App Home."""
    return wording.render(template, _view if wording.own is None else _checked_view, **figures)


def _message(text: str) -> SlackMessage:
    made = json.loads(text)
    return SlackMessage(_present(made["blocks"]), made["text"])


def _view(text: str) -> Block:
    view: Block = json.loads(text)
    return {**view, "blocks": _present(view["blocks"])}


def _checked_message(text: str) -> SlackMessage:
    """Refuse what Slack would refuse: nobody has tried a customer's own template before."""
    made = _message(text)
    if not made.text.strip() or len(made.text) > MESSAGE_TEXT_MAX:
        raise ValueError("the text for notifications is missing or too long")
    _check(made.blocks, MESSAGE_BLOCKS_MAX)
    return made


def _checked_view(text: str) -> Block:
    view = _view(text)
    _check(view["blocks"], VIEW_BLOCKS_MAX)
    return view


def _check(blocks: list[Block], most: int) -> None:
    from slack_sdk.models.blocks import Block as KnownBlock

    if not 1 <= len(blocks) <= most:
        raise ValueError(f"{len(blocks)} blocks, where 1 to {most} are allowed")
    for block in KnownBlock.parse_all(blocks):
        if block is None:
            raise ValueError("one of the blocks is none that Slack knows")
        block.validate_json()


def _present(blocks: list[Block | None]) -> list[Block]:
    """Drop the nulls which let every macro end its block with a comma, and blocks left empty."""
    kept = [block for block in blocks if block]
    for block in kept:
        for name in ("elements", "fields"):
            if name in block:
                block[name] = [part for part in block[name] if part and _says_something(part)]
    return [block for block in kept if _says_something(block)]


def _says_something(part: Block) -> bool:
    """Tell whether a block, or a text or button in it, has anything to show."""
    text = part.get("text", "-")
    words = text["text"] if isinstance(text, dict) else text
    return bool(words) and all(part[name] for name in ("elements", "fields") if name in part)


def _amount_filter(filters: dict[str, Callable[..., Any]]) -> Callable[[int | None, str], str]:
    """Word an amount in a cap's unit, and of what it is."""

    def amount(value: int | None, unit: str) -> str:
        return str(filters[UNITS[unit]](value)) + OF_WHAT[unit]

    return amount
