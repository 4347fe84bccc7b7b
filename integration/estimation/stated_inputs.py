"""What people stated on a story: its table of workloads, its input fields, and its sub-tasks'.

The table outranks the fields. Where it has one workload, the fields fill in what it leaves open;
where it has none, they are the workload. Where both say something and do not agree, the table
counts and the conflict is named. Workloads of sub-tasks are the story's, as their spend is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.estimation.headings import SHOWN_AS
from integration.estimation.workload_table import (
    NOT_FILLED_IN,
    WorkloadReading,
    is_placeholder,
    read_workloads,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integration.estimation.workload import Missing, Workload

ATTRIBUTES = {
    "model": ("model",), "calls": ("calls",), "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",), "cached_share": ("cached_share",), "region": ("region",),
    "accelerator": ("accelerator", "gpu_count"), "gpu_hours": ("gpu_hours",),
}  # fmt: skip
"""Which parts of a workload each input field states."""


@dataclass(frozen=True, slots=True)
class StatedInputs:
    """The cells of a story's table, headings first, and its input fields by column."""

    rows: Sequence[Sequence[str]] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def says_something(self) -> bool:
        """Whether there is a table, filled in or not, or a filled field."""
        return bool(self.rows or self.fields)


@dataclass(frozen=True, slots=True)
class StatedReading:
    """What was stated, as workloads. `conflicts` are sentences for people."""

    workloads: tuple[Workload, ...]
    problems: tuple[Missing, ...]
    assumptions: tuple[str, ...]
    conflicts: tuple[str, ...] = ()


def read_story(
    own: StatedInputs, parts: Mapping[str, StatedInputs], *, sprint_days: int = 10
) -> StatedReading:
    """Read a story with its sub-tasks, which come by key; each part's workloads carry its key.

    A table that is not filled in is no problem while sub-tasks state workloads.
    """
    read = _read_one(own, sprint_days)
    filled = {
        key: reading
        for key, stated in parts.items()
        if (reading := _read_one(stated, sprint_days)).workloads
    }
    if filled and not read.workloads:
        read = StatedReading((), (), ())
    for key, part in filled.items():
        read = StatedReading(
            (*read.workloads, *(replace(one, name=f"{key} {one.name}") for one in part.workloads)),
            (*read.problems, *(_of_part(key, one) for one in part.problems)),
            (*read.assumptions, *(f"{key}: {sentence}" for sentence in part.assumptions)),
            (*read.conflicts, *(f"{key}: {sentence}" for sentence in part.conflicts)),
        )
    return read


def _of_part(key: str, problem: Missing) -> Missing:
    return replace(problem, workload=f"{key} {problem.workload}".rstrip())


def _read_one(stated: StatedInputs, sprint_days: int) -> StatedReading:
    rows = [list(row) for row in stated.rows]
    table = read_workloads(rows, sprint_days=sprint_days) if rows else NOT_FILLED_IN
    fields = {name: words for name, words in stated.fields.items() if not is_placeholder(words)}
    if not fields:
        return StatedReading(table.workloads, table.problems, table.assumptions)
    by_field = _read_fields(fields, sprint_days)
    if not table.workloads:
        source = f"The inputs come from the story's fields: {_named(fields)}."
        return StatedReading(by_field.workloads, by_field.problems, (*by_field.assumptions, source))
    if len(table.workloads) == 1:
        return _together(table, by_field.workloads[0], fields)
    conflicts = _unused(table.workloads, by_field.workloads[0], fields)
    return StatedReading(table.workloads, table.problems, table.assumptions, conflicts)


def _read_fields(fields: Mapping[str, str], sprint_days: int) -> WorkloadReading:
    """Read the fields as a table of one row; what cannot be read is named by its field."""
    name = fields.get("model") or fields.get("accelerator") or "This story"
    columns = {"name": name, **fields}
    table = [[SHOWN_AS[column] for column in columns], list(columns.values())]
    read = read_workloads(table, sprint_days=sprint_days)
    named = (replace(one, reason=_of_field(one)) for one in read.problems)
    return replace(read, problems=tuple(named))


def _of_field(problem: Missing) -> str:
    _, _, what = problem.reason.partition(": ")
    shown = SHOWN_AS.get(problem.field, problem.field)
    return f"Field “{shown}”: {what}" if what else problem.reason


def _together(
    table: WorkloadReading, by_field: Workload, fields: Mapping[str, str]
) -> StatedReading:
    """Fill what the table's one workload leaves open; name what the two do not agree on."""
    stated = table.workloads[0]
    unreadable = {problem.field for problem in table.problems}
    taken: dict[str, Any] = {}
    filled, conflicts = [], []
    for column in fields:
        there, here = _part(stated, column), _part(by_field, column)
        if not any(there) and column not in unreadable:
            taken |= dict(zip(ATTRIBUTES[column], here, strict=True))
            filled.append(column)
        elif any(there) and any(here) and not _agree(there, here):
            conflicts.append(
                f"{SHOWN_AS[column]}: the table says {_words(column, there)}, the field "
                f"{_words(column, here)}. The table counts."
            )
    if taken and stated.kind == "other":
        taken["kind"] = by_field.kind
    source = (f"{stated.name}: {_named(filled)} from the story's fields.",) if filled else ()
    return StatedReading(
        (replace(stated, **taken),), table.problems, (*table.assumptions, *source),
        tuple(conflicts),
    )  # fmt: skip


def _unused(
    workloads: Sequence[Workload], by_field: Workload, fields: Mapping[str, str]
) -> tuple[str, ...]:
    """Name the fields that none of several workloads agrees with; they count for none of them."""
    odd = [
        column
        for column in fields
        if not any(_agree(_part(one, column), _part(by_field, column)) for one in workloads)
    ]
    if not odd:
        return ()
    many = f"The table has {len(workloads)} workloads, so the fields count for none of them"
    return (f"{many}: {_named(odd)}.",)


def _part(workload: Workload, column: str) -> tuple[Any, ...]:
    return tuple(getattr(workload, name) for name in ATTRIBUTES[column])


def _agree(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return [_folded(value) for value in one] == [_folded(value) for value in other]


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _words(column: str, part: tuple[Any, ...]) -> str:
    value = part[0]
    if isinstance(value, Decimal):
        percent = column == "cached_share"
        shown = value * 100 if percent else value
        return f"{shown.normalize():,f}{' %' if percent else ''}"
    pieces = f"{part[1].normalize():f} × " if len(part) > 1 and part[1] else ""
    return f"“{pieces}{value}”"


def _named(columns: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(SHOWN_AS[column] for column in columns)
