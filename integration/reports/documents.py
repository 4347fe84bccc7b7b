"""A Sprint's report as files: Markdown, CSV, JSON, and what changed between two revisions."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from integration.foundation.wording import Wording, environment
from integration.reports.variance_causes import main_causes

if TYPE_CHECKING:
    from jinja2 import Environment

    from integration.reports.retrospective import Retrospective
    from integration.reports.revision_diff import RevisionDiff
    from integration.reports.shapes import SprintReport

MARKUP = re.compile(r"([\\`*_{}\[\]<>|#])")


def cell(text: object) -> str:
    """Put a foreign text on one line of Markdown, where none of it is markup.

    >>> cell("a | b\\n<i>[c](http://d)")
    'a \\\\| b \\\\<i\\\\>\\\\[c\\\\](http://d)'
    """
    return MARKUP.sub(r"\\\1", " ".join(str(text).split()))


def markdown(
    report: SprintReport, material: Retrospective, *, zone: str, price_version: str,
    factor_version: str, wording: Wording | None = None,
) -> str:  # fmt: skip
    """The report with its retrospective, as Markdown."""
    return _rendered(
        "sprint.md.j2", wording, report=report, retrospective=material, main_causes=main_causes,
        zone=zone, price_version=price_version, factor_version=factor_version,
    )  # fmt: skip


def csv(report: SprintReport) -> str:
    """A line for each story; amounts are exact decimals, an unknown is empty.

    Programs read it: it is the same in every language.
    """
    return _rendered("sprint.csv.j2", report=report)


def json(report: SprintReport, material: Retrospective) -> str:
    """The report as its API answers it, and the retrospective beside."""
    whole = msgspec.to_builtins(report) | {"retrospective": _plain(material)}
    return msgspec.json.format(msgspec.json.encode(whole)).decode() + "\n"


def diff_markdown(diff: RevisionDiff, wording: Wording | None = None) -> str:
    """What changed between two revisions, as Markdown."""
    return _rendered("diff.md.j2", wording, diff=diff)


def _plain(material: Retrospective) -> dict[str, Any]:
    """The retrospective as JSON values; a changed workload is left to whoever computes it anew."""
    changes = [
        {"story_key": each.story_key}
        | {
            name: getattr(each.change, name)
            for name in ("workload", "change", "to", "saving_nanousd", "saving_ugco2e", "caveat")
        }
        for each in material.recommendations
    ]
    return {
        "largest_errors": [line.story_key for line in material.largest_errors],
        "causes": msgspec.to_builtins(material.causes),
        "recommendations": changes,
        "lessons": list(material.lessons),
        "next_cap": msgspec.to_builtins(material.next_cap),
    }


def _rendered(template: str, wording: Wording | None = None, **figures: object) -> str:
    words = (wording or Wording(environment("reports", "words"))).mapped(_for_documents)
    written = words.render(template, str, **figures)
    lines = (line.rstrip() for line in written.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


@cache
def _for_documents(base: Environment) -> Environment:
    made = base.overlay()
    # An overlay shares its table with the environment beneath, which others use too.
    made.filters = {**base.filters, "cell": cell, "hours": base.filters["decimal"]}
    return made
