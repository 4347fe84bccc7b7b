"""Our custom fields: what Jira is asked to make, and who fills each of them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOM_FIELD_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
SPRINT_FIELD_TYPE = "com.pyxis.greenhopper.jira:gh-sprint"
WORKLOAD_CLASSES = ("production", "experiment", "background")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One custom field: our stable name, and what Jira is asked to make."""

    name: str
    jira_name: str
    type: str
    searcher: str
    description: str
    options: tuple[str, ...] = ()
    column: str = ""
    """Of an input: which column of the table of workloads it stands for."""
    is_peoples: bool = False
    """Filled in by people: read by us and never written."""

    @property
    def custom_type(self) -> str:
        """Return Jira's full key of the field's type."""
        return CUSTOM_FIELD_TYPES + self.type

    @property
    def searcher_key(self) -> str:
        """Return Jira's full key of the searcher."""
        return CUSTOM_FIELD_TYPES + self.searcher


def _input(column: str, jira_name: str, type_: str, what: str) -> FieldSpec:
    searcher = "exactnumber" if type_ == "float" else "textsearcher"
    description = f"Input for the AI estimate: {what} The table in the description outranks it."
    return FieldSpec(
        f"input_{column}", jira_name, type_, searcher, description, column=column, is_peoples=True
    )


def _numbers(name: str, jira_name: str, what: str) -> tuple[FieldSpec, ...]:
    """Make the three fields of a range."""
    return tuple(
        FieldSpec(f"{name}{end}", f"{jira_name}{mark}", "float", "exactnumber", f"{what}: {which}.")
        for end, mark, which in (
            ("_low", " (low)", "one in ten stories stays below"),
            ("", "", "as likely to be over as under"),
            ("_high", " (high)", "one in ten stories goes above"),
        )
    )


def _number(name: str, jira_name: str, what: str) -> FieldSpec:
    return FieldSpec(name, jira_name, "float", "exactnumber", what)


PLAN_FLAGS = {"over": "Over cap", "at_risk": "At risk of its cap"}
"""What the flag says, by how the plan stands."""

CATALOGUE: tuple[FieldSpec, ...] = (
    _input("model", "AI model", "textfield", "the model that is called, such as gpt-4o-mini."),
    _input("calls", "AI calls per Sprint", "float", "how often it is called in one Sprint."),
    _input("input_tokens", "AI input tokens", "float", "tokens into one call."),
    _input("output_tokens", "AI output tokens", "float", "tokens out of one call."),
    _input("cached_share", "AI cached share %", "float", "percent of input read from a cache."),
    _input("region", "AI region", "textfield", "where it runs, such as eu-west-1."),
    _input(
        "accelerator", "AI GPU type", "textfield", "the GPUs that it runs on, such as 2 x H100."
    ),
    _input("gpu_hours", "AI GPU hours", "float", "hours that each GPU runs in one Sprint."),
    FieldSpec(
        "workload_class",
        "AI workload class",
        "select",
        "multiselectsearcher",
        "Whether this AI use is production, an experiment, or background work.",
        WORKLOAD_CLASSES,
        is_peoples=True,
    ),
    *_numbers("estimated_tokens", "AI estimated tokens", "Tokens this story will use"),
    *_numbers("estimated_cost_usd", "AI estimated cost USD", "List cost of this story's AI use"),
    *_numbers("estimated_kgco2e", "AI estimated kgCO2e", "Emissions of this story, location-based"),
    _number("actual_tokens", "AI actual tokens", "Tokens metered on this story so far."),
    _number("actual_cost_usd", "AI actual cost USD", "List cost metered on this story so far."),
    _number("actual_kgco2e", "AI actual kgCO2e", "Metered emissions so far, location-based."),
    _number("variance_pct", "AI variance %", "Actual against estimated list cost, in percent."),
    FieldSpec(
        "figures_as_of",
        "AI figures as of",
        "datetime",
        "datetimerange",
        "When StoryMeter last wrote the AI figures of this story.",
    ),
    FieldSpec(
        "inputs_missing",
        "AI inputs missing",
        "textfield",
        "textsearcher",
        "What is missing before this story's AI use can be estimated.",
    ),
    FieldSpec(
        "plan_flag",
        "AI plan flag",
        "select",
        "multiselectsearcher",
        "Set on the stories by which a planned Sprint goes over its cap, or might.",
        tuple(PLAN_FLAGS.values()),
    ),
)
PEOPLES = frozenset(spec.name for spec in CATALOGUE if spec.is_peoples)
INPUTS = tuple(spec for spec in CATALOGUE if spec.column)


def stated_inputs(values: Mapping[str, Any], field_ids: Mapping[str, str]) -> dict[str, str]:
    """Return what people filled into our input fields, as written in a table: by column.

    `values` are a story's fields by Jira's id, `field_ids` our names to those ids.

    >>> stated_inputs({"cf_1": 4000.0, "cf_2": 37.5}, {"input_calls": "cf_1",
    ...     "input_cached_share": "cf_2", "input_model": "cf_3"})
    {'calls': '4000', 'cached_share': '37.5%'}
    """
    found: dict[str, str] = {}
    for spec in INPUTS:
        words = _words(values.get(field_ids.get(spec.name, "")))
        if words:
            found[spec.column] = f"{words}%" if spec.column == "cached_share" else words
    return found


def chosen_class(values: Mapping[str, Any], field_ids: Mapping[str, str]) -> str | None:
    """Return the workload class that somebody chose; None where nobody did."""
    value = values.get(field_ids.get("workload_class", ""))
    chosen = value.get("value") if isinstance(value, dict) else None
    return chosen if chosen in WORKLOAD_CLASSES else None


def _words(value: object) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return ""
