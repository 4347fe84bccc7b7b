"""Slack's mrkdwn and Markdown as safe HTML: all text is escaped first, then formatted.

Slack's own escapes (`&amp;`, `&lt;`, `&gt;`) are the only entities that are understood. What stands
in angle brackets acts (mentions, links) only in the forms that Slack knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from integration.sandbox.slack.wire import Json

Naming = Callable[[str, str], str]

_REFERENCE = re.compile(r"<([^<>\n]+)>")
_NOTIFYING = re.compile(r"<(![a-z]+(?:\^[A-Z0-9]+)?|@[UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_PRE = re.compile(r"```\n?(.+?)```", re.DOTALL)
_KEPT = re.compile("\ue000(\\d+)\ue001")
_EMOJI = {
    "white_check_mark": "✅",
    "warning": "⚠️",
    "rotating_light": "🚨",
    "chart_with_upwards_trend": "📈",
    "chart_with_downwards_trend": "📉",
    "bar_chart": "📊",
    "moneybag": "💰",
    "seedling": "🌱",
    "leaves": "🍃",
    "earth_africa": "🌍",
    "octagonal_sign": "🛑",
    "no_entry": "⛔",
    "x": "❌",
    "tada": "🎉",
    "eyes": "👀",
    "hourglass": "⌛",
    "bulb": "💡",
    "lock": "🔒",
    "unlock": "🔓",
    "information_source": "ℹ️",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "large_orange_circle": "🟠",
    "red_circle": "🔴",
    "arrow_up": "⬆️",
    "arrow_down": "⬇️",
    "pencil": "📝",
    "memo": "📝",
    "mag": "🔍",
    "zap": "⚡",
    "thumbsup": "👍",
    "+1": "👍",
    "wave": "👋",
    "calendar": "📅",
    "robot_face": "🤖",
}


def notifications(text: str, blocks: list[Json]) -> list[str]:
    """Return whom a message would notify: `!channel`, `!here`, `@U…`; an escaped one is nobody."""
    found: list[str] = []
    for piece in [text, *_mrkdwn_in(blocks)]:
        found += [match.group(1) for match in _NOTIFYING.finditer(piece)]
    kept = [one for one in found if not one.startswith("!date")]
    return list(dict.fromkeys(kept))


def _mrkdwn_in(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for member in value for text in _mrkdwn_in(member)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [str(value.get("text"))]
    return [text for member in value.values() for text in _mrkdwn_in(member)]


def emoji(text: str) -> str:
    """Replace the short names we know by their characters; others stay as they are."""
    return re.sub(r":([a-z0-9_+-]+):", lambda m: _EMOJI.get(m.group(1), m.group(0)), text)


def as_plain(text: str) -> Markup:
    """Return plain_text as HTML: nothing in it is formatted, only emoji are shown."""
    return escape(emoji(text))


class _Kept:
    """Pieces of finished HTML that formatting must not touch, by number."""

    def __init__(self) -> None:
        self.pieces: list[Markup] = []

    def keep(self, piece: Markup) -> str:
        self.pieces.append(piece)
        return f"\ue000{len(self.pieces) - 1}\ue001"

    def restore(self, text: str) -> Markup:
        while _KEPT.search(text):
            text = _KEPT.sub(lambda match: str(self.pieces[int(match.group(1))]), text)
        return Markup(text)


def as_html(text: str, name_of: Naming = lambda _kind, key: key, zone: str = "UTC") -> Markup:
    """Return mrkdwn as HTML, with dates as read in that IANA zone.

    `name_of("@" or "#", id)` gives the name shown for a mention.
    """
    kept = _Kept()
    text = re.sub("[\ue000\ue001]", "", text)
    text = _PRE.sub(lambda m: kept.keep(_tag("pre", _decoded(m.group(1)))), text)
    text = re.sub(r"`([^`\n]+)`", lambda m: kept.keep(_tag("code", _decoded(m.group(1)))), text)
    text = _REFERENCE.sub(lambda m: kept.keep(_reference(m.group(1), name_of, zone)), text)
    return kept.restore(_styled(_escaped(emoji(_decoded(text))), "*", "_", "~"))


def markdown_as_html(text: str) -> Markup:
    """Return the Markdown of a markdown block as HTML: headings, lists, emphasis, code, links."""
    kept = _Kept()
    text = re.sub("[\ue000\ue001]", "", text)
    text = re.sub(
        r"```\w*\n?(.+?)```", lambda m: kept.keep(_tag("pre", m.group(1))), text, flags=re.DOTALL
    )
    text = re.sub(r"`([^`\n]+)`", lambda m: kept.keep(_tag("code", m.group(1))), text)
    text = re.sub(
        r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)",
        lambda m: kept.keep(_link(m.group(2), m.group(1))),
        text,
    )
    lines = [_markdown_line(line) for line in _escaped(emoji(text)).split("\n")]
    return kept.restore("".join(lines))


def _markdown_line(line: str) -> str:
    line = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", line)
    line = re.sub(r"(?<!\w)[*_](\S[^*_]*?)[*_](?!\w)", r"<em>\1</em>", line)
    line = re.sub(r"~~(.+?)~~", r"<s>\1</s>", line)
    heading = re.match(r"(#{1,6}) (.+)", line)
    if heading:
        return f'<p class="md-heading">{heading.group(2)}</p>'
    bullet = re.match(r"\s*[-*] (.+)", line)
    if bullet:
        return f'<p class="md-item">• {bullet.group(1)}</p>'
    quoted = re.match(r"&gt; ?(.*)", line)
    if quoted:
        return f"<blockquote>{quoted.group(1)}</blockquote>"
    return f"<p>{line}</p>" if line.strip() else ""


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _escaped(text: str) -> str:
    return str(escape(text))


def _tag(name: str, inner: str) -> Markup:
    return Markup("<{0}>{1}</{0}>").format(Markup(name), inner)


def _styled(text: str, bold: str, italic: str, struck: str) -> str:
    for mark, tag in ((bold, "strong"), (italic, "em"), (struck, "s")):
        sign = re.escape(mark)
        text = re.sub(
            rf"(?<![\w{sign}]){sign}(?!\s)([^\n{sign}]+?)(?<!\s){sign}(?![\w{sign}])",
            rf"<{tag}>\1</{tag}>",
            text,
        )
    text = re.sub(r"(?m)^&gt; ?(.*)\n?", r"<blockquote>\1</blockquote>", text)
    return text.replace("\n", "<br>")


def _reference(inside: str, name_of: Naming, zone: str) -> Markup:
    target, _bar, label = inside.partition("|")
    if target.startswith("@"):
        return _mention("@" + (label or name_of("@", target[1:])))
    if target.startswith("#"):
        return _mention("#" + (label or name_of("#", target[1:])))
    if target.startswith("!date^"):
        return escape(_date(target, label, zone))
    if target.startswith("!"):
        return _mention("@" + (label or target[1:].partition("^")[0]), alarming=True)
    if target.startswith(("http://", "https://", "mailto:")):
        return _link(_decoded(target), emoji(_decoded(label or target.removeprefix("mailto:"))))
    return escape(_decoded(f"<{inside}>"))


def _mention(shown: str, *, alarming: bool = False) -> Markup:
    look = "mention everyone" if alarming else "mention"
    return Markup('<span class="{}">{}</span>').format(look, shown)


def _link(address: str, label: str) -> Markup:
    return Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(address, label)


def _date(target: str, fallback: str, zone: str) -> str:
    parts = target.split("^")
    try:
        moment = datetime.fromtimestamp(int(parts[1]), ZoneInfo(zone))
        form = parts[2]
    except (IndexError, ValueError, OverflowError):
        return fallback
    words = {
        "date_num": moment.strftime("%Y-%m-%d"),
        "date_long": moment.strftime("%A, %B %-d, %Y"),
        "date_short": moment.strftime("%b %-d, %Y"),
        "date": moment.strftime("%B %-d, %Y"),
        "time_secs": moment.strftime("%H:%M:%S"),
        "time": moment.strftime("%H:%M"),
    }
    return re.sub(r"\{(\w+?)(?:_pretty)?\}", lambda m: words.get(m.group(1), m.group(0)), form)
