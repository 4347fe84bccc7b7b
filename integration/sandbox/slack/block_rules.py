"""A small language for saying what Slack accepts: a rule names what is wrong with a value.

Wording and pointers follow the lines that Slack puts into `response_metadata.messages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

Rule = Callable[[object, str], Iterator[str]]


def wrong(what: str, pointer: str) -> str:
    """Return one line as Slack words it."""
    return f"{what} [json-pointer:{pointer}]"


def anything(_value: object, _pointer: str) -> Iterator[str]:
    """Accept every value."""
    return iter(())


def string(longest: int = 2**31, shortest: int = 1) -> Rule:
    """Accept text of a length; both bounds belong to it."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield wrong("must be a string", pointer)
        elif len(value) > longest:
            yield wrong(f"must be less than {longest + 1} characters", pointer)
        elif len(value) < shortest:
            yield wrong(f"must be more than {shortest - 1} characters", pointer)

    return check


def whole(lowest: int, highest: int) -> Rule:
    """Accept an integer between two bounds, which belong to it."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield wrong("must be an integer", pointer)
        elif not lowest <= value <= highest:
            yield wrong(f"must be between {lowest} and {highest}", pointer)

    return check


def number(value: object, pointer: str) -> Iterator[str]:
    """Accept a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield wrong("must be a number", pointer)


def boolean(value: object, pointer: str) -> Iterator[str]:
    """Accept true or false."""
    if not isinstance(value, bool):
        yield wrong("must be a boolean", pointer)


def choice(*words: str) -> Rule:
    """Accept one of some words."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if value not in words:
            yield wrong(f"value must be one of: {', '.join(words)}", pointer)

    return check


def items(rule: Rule, most: int, fewest: int = 1) -> Rule:
    """Accept a list of a length whose members all pass."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield wrong("must be an array", pointer)
            return
        if len(value) > most:
            yield wrong(f"no more than {most} items allowed", pointer)
        if len(value) < fewest:
            yield wrong(f"no fewer than {fewest} items allowed", pointer)
        for index, member in enumerate(value):
            yield from rule(member, f"{pointer}/{index}")

    return check


def shape(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """Accept an object with these properties and no others; `type` is judged elsewhere."""
    known = {"type": anything, **required, **(optional or {})}

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield wrong("must provide an object", pointer)
            return
        for name in required:
            if value.get(name) is None:
                yield wrong(f"missing required field: {name}", pointer)
        for name, member in value.items():
            if name not in known:
                yield wrong(f"invalid additional property: {name}", pointer)
            elif member is not None:
                yield from known[name](member, f"{pointer}/{name}")

    return check


def by_type(rules: Mapping[str, Rule]) -> Rule:
    """Accept an object whose `type` is known and which passes the rule of that type."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield wrong("must provide an object", pointer)
            return
        kind = value.get("type")
        rule = rules.get(kind) if isinstance(kind, str) else None
        if kind is None:
            yield wrong("missing required field: type", pointer)
        elif rule is None:
            yield wrong(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            yield from rule(value, pointer)

    return check


def either(first: str, second: str, rule: Rule) -> Rule:
    """Accept what passes the rule and has at least one of two properties."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if isinstance(value, dict) and not value.get(first) and not value.get(second):
            yield wrong(f"must define either `{first}` or `{second}`", pointer)
        yield from rule(value, pointer)

    return check
