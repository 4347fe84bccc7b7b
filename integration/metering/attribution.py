"""Which story a call belongs to: decided by an ordered ladder, and always explained.

An explicit tag, then the workspace's rules about the key, the team, the feature and so on, then an
issue key in the branch or commit text, else unattributed. A tag that names no project of the
workspace is passed over and mentioned, because a mistyped key must not found a story.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from integration.metering.usage import pseudonym

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from integration.metering.usage import UsageEvent

RuleKind = Literal[
    "key", "team", "feature", "user", "session", "environment", "workload_class", "tag", "branch"
]

_ORDER: tuple[RuleKind, ...] = get_args(RuleKind)
_STORY_TAGS = frozenset({"jira", "story", "issue", "jira.issue", "jira_issue", "story_key"})
_TEXT_TAGS = frozenset({"branch", "pr", "commit", "ref", "pull_request"})
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,31})-([1-9][0-9]{0,8})")
_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9]){_KEY.pattern}(?![A-Za-z0-9])")
MAX_TEXT = 512
REMEMBERED_TAGS = 4096


@dataclass(frozen=True, slots=True)
class AttributionRule:
    """Calls of which one field matches `pattern` belong to `story_key`.

    `pattern` compares without case; `*` and `?` stand for any characters. The rule holds for calls
    made from `valid_from` inclusive to `valid_to` exclusive; None is open.
    """

    kind: RuleKind
    pattern: str
    story_key: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What decided, for a sentence: the field of the event, its value, the rule and its pattern.

    `passed_over` holds keys that were named but not believed: of projects the workspace does not
    have, or further keys in the same text.
    """

    field: str = ""
    value: str = ""
    rule_id: str = ""
    pattern: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribution:
    """The story, empty when there is none, and why.

    `reason` is a stable code: `tag`, `rule:<id>`, `branch` or `none`.
    """

    story_key: str
    reason: str
    explanation: Explanation


class Ladder:
    """The rules of one workspace, made ready to decide many calls."""

    __slots__ = ("_exact", "_globs", "_projects", "_tagged", "turns")

    def __init__(
        self, rules: Collection[AttributionRule], known_projects: Collection[str] = ()
    ) -> None:
        self.turns = {
            moment for rule in rules for moment in (rule.valid_from, rule.valid_to) if moment
        }
        """The moments at which a rule begins or ends: between them only what an event says decides.
        """
        self._projects = frozenset(project.upper() for project in known_projects)
        self._tagged: dict[str, Attribution] = {}
        self._exact: dict[tuple[RuleKind, str], list[AttributionRule]] = {}
        self._globs: dict[RuleKind, list[tuple[Callable[[str], object], AttributionRule]]] = {}
        for rule in sorted(rules, key=_newest_first):
            pattern = _comparable(rule.kind, rule.pattern)
            if any(wild in pattern for wild in "*?["):
                matches = re.compile(translate(pattern)).match
                self._globs.setdefault(rule.kind, []).append((matches, rule))
            else:
                self._exact.setdefault((rule.kind, pattern), []).append(rule)

    def attribute(self, event: UsageEvent) -> Attribution:
        """Decide one call."""
        # An own field that names a known project decides alone, and the same few come all the time.
        if tagged := self._tagged.get(event.story_key):
            return tagged
        passed_over: list[str] = []
        return (
            self._by_tag(event, passed_over)
            or self._by_rule(event, passed_over)
            or self._by_text(event, passed_over)
            or Attribution("", "none", Explanation(passed_over=tuple(passed_over)))
        )

    def _by_tag(self, event: UsageEvent, passed_over: list[str]) -> Attribution | None:
        for field, value, is_bare in _explicit(event):
            key = explicit_key(value)
            if not key or (is_bare and value != key):
                continue  # A bare tag is a key only as Jira writes it; `beta-2` is just a tag.
            if self._is_known(key):
                found = Attribution(key, "tag", Explanation(field, value, "", "", ()))
                if value is event.story_key and len(self._tagged) < REMEMBERED_TAGS:
                    self._tagged[value] = found
                return found
            if not is_bare and key not in passed_over:
                passed_over.append(key)
        return None

    def _by_rule(self, event: UsageEvent, passed_over: list[str]) -> Attribution | None:
        if not self._exact and not self._globs:
            return None
        for kind in _ORDER:
            for value in _values(event, kind):
                rule = self._matching(kind, value, event.occurred_at)
                if rule:
                    why = Explanation(kind, value, rule.rule_id, rule.pattern, tuple(passed_over))
                    return Attribution(rule.story_key, f"rule:{rule.rule_id}", why)
        return None

    def _matching(self, kind: RuleKind, value: str, at: datetime) -> AttributionRule | None:
        plain = _comparable(kind, value)
        for rule in self._exact.get((kind, plain), ()):
            if _holds(rule, at):
                return rule
        for matches, rule in self._globs.get(kind, ()):
            if _holds(rule, at) and matches(plain):
                return rule
        return None

    def _by_text(self, event: UsageEvent, passed_over: list[str]) -> Attribution | None:
        for field, value in _texts(event):
            keys = keys_in_text(value, self._projects)
            if keys:
                others = (*passed_over, *keys[1:])
                return Attribution(keys[0], "branch", Explanation(field, value, "", "", others))
        return None

    def _is_known(self, key: str) -> bool:
        return not self._projects or key.rpartition("-")[0] in self._projects


def attribute(
    event: UsageEvent, rules: Collection[AttributionRule], known_projects: Collection[str]
) -> Attribution:
    """Decide one call. `known_projects` are the workspace's Jira project keys; empty: unknown.

    For many calls make one Ladder.
    """
    return Ladder(rules, known_projects).attribute(event)


@lru_cache(maxsize=4096)
def explicit_key(value: str) -> str:
    """Return the issue key which a tag names (`jira:PROJ-9`, `PROJ-9`, `proj-9`), else empty."""
    name, colon, rest = value.partition(":")
    written = rest if colon and name.strip().lower() in _STORY_TAGS else value
    found = _KEY.fullmatch(written.strip())
    return f"{found[1].upper()}-{found[2]}" if found else ""


def keys_in_text(text: str, known_projects: frozenset[str]) -> list[str]:
    """Find issue keys in a branch or commit text, in order, each once.

    With known projects the case does not matter and only their keys are found; without, only
    capital letters count, so that `utf-8` is no story.
    """
    found: dict[str, None] = {}
    for match in _IN_TEXT.finditer(text[:MAX_TEXT]):
        project = _project(match[1], known_projects)
        if project:
            found[f"{project}-{match[2]}"] = None
    return list(found)


def _project(written: str, known: frozenset[str]) -> str:
    """Return the project in the letters before the number: in `fix_PROJ-9` it is PROJ."""
    name = written.upper() if known else written
    while name:
        if name in known or (not known and name.isupper()):
            return name
        name = name.partition("_")[2]
    return ""


def _explicit(event: UsageEvent) -> Iterator[tuple[str, str, bool]]:
    if event.story_key:
        yield "story_key", event.story_key, False
    for tag in event.tags:
        name, colon, _ = tag.partition(":")
        if not colon:
            yield "tags", tag, True
        elif name.strip().lower() in _STORY_TAGS:
            yield "tags", tag, False


def _texts(event: UsageEvent) -> Iterator[tuple[str, str]]:
    if event.branch:
        yield "branch", event.branch
    for tag in event.tags:
        name, colon, rest = tag.partition(":")
        if colon and name.strip().lower() in _TEXT_TAGS:
            yield "tags", rest


def _values(event: UsageEvent, kind: RuleKind) -> tuple[str, ...]:
    if kind == "tag":
        return event.tags
    value: str = getattr(event, "key_alias" if kind == "key" else kind)
    return (value,) if value else ()


def _comparable(kind: RuleKind, value: str) -> str:
    """Compare without case; a rule about an e-mail address meets the pseudonym in the events."""
    return (pseudonym(value) if kind == "user" else value).casefold()


def _holds(rule: AttributionRule, at: datetime) -> bool:
    return (rule.valid_from is None or rule.valid_from <= at) and (
        rule.valid_to is None or at < rule.valid_to
    )


def _newest_first(rule: AttributionRule) -> tuple[float, str]:
    return (-rule.valid_from.timestamp() if rule.valid_from else 0.0, rule.rule_id)
