"""Reads field values as requests write them into the form in which they are kept."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from integration.sandbox.jira.adf import is_adf
from integration.sandbox.jira.fields import RANK_FIELD, SPRINT_FIELD, context_of, is_rich_text
from integration.sandbox.jira.people import find_person
from integration.sandbox.jira.wiki_to_adf import wiki_to_adf
from integration.sandbox.jira.workflow import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Field, Project, Site

NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


class ValueRefusedError(Exception):
    """The value does not fit the field; the text is Jira's message for it."""


class Writer:
    """Reads values for one project in one REST version."""

    def __init__(self, site: Site, project: Project, type_id: str, rest_version: str) -> None:
        """Remember where the values go."""
        self.site = site
        self.project = project
        self.type_id = type_id
        self.rest_version = rest_version

    def read(self, field: Field, given: Json) -> Json:
        """Return the stored form; raises ValueRefusedError with Jira's wording."""
        if field.id == "summary":
            return _summary(given)
        if field.id == SPRINT_FIELD:
            return self._sprint(given)
        if field.id == RANK_FIELD:
            raise ValueRefusedError("Rank cannot be set.")
        if is_rich_text(field):
            return self.rich_text(given)
        if given is None:
            return [] if field.kind == "array" else None
        if field.kind == "array":
            return self._array(field, given)
        reader = self._readers().get(field.kind)
        if reader is None:
            raise ValueRefusedError(f"Field '{field.id}' cannot be set.")
        return reader(field, given)

    def _readers(self) -> dict[str, Callable[[Field, Json], Json]]:
        return {
            "number": _number,
            "string": _string,
            "date": _date,
            "datetime": _datetime,
            "option": self._option,
            "user": self._user,
            "priority": _priority,
            "issuelink": self._parent,
        }

    def rich_text(self, given: Json) -> JsonObject | None:
        """Read ADF in version 3 and wiki markup in version 2."""
        if given is None:
            return None
        if self.rest_version == "2":
            if not isinstance(given, str):
                raise ValueRefusedError("Operation value must be a string")
            return wiki_to_adf(given)
        if isinstance(given, dict):
            self.site.adf_received.append(given)
        if not is_adf(given):
            raise ValueRefusedError(NOT_ADF)
        return given if given["content"] else None

    def _array(self, field: Field, given: Json) -> Json:
        if not isinstance(given, list):
            raise ValueRefusedError("data was not an array")
        if field.items == "string":
            return [_label(part) for part in dict.fromkeys(map(str, given))]
        if field.items == "option":
            return [self._option(field, part) for part in given]
        if field.items in ("component", "version"):
            known = self.project.components if field.items == "component" else self.project.versions
            return [_named(known, part) for part in given]
        raise ValueRefusedError(f"Field '{field.id}' cannot be set.")

    def _option(self, field: Field, given: Json) -> JsonObject:
        wanted = given if isinstance(given, dict) else {"value": given}
        context = context_of(field, self.project.id, self.type_id)
        for option in context.options if context else []:
            if option["id"] == str(wanted.get("id")) or option["value"] == wanted.get("value"):
                return {"id": option["id"], "value": option["value"]}
        raise ValueRefusedError(
            f"Option '{wanted.get('value') or wanted.get('id')}' is not valid for this field."
        )

    def _user(self, field: Field, given: Json) -> str | None:
        if isinstance(given, dict) and all(value is None for value in given.values()):
            return None
        person = find_person(self.site, given)
        if person is None:
            raise ValueRefusedError(f"User '{given}' does not exist: {field.name}.")
        return person.account_id

    def _parent(self, _field: Field, given: Json) -> int:
        wanted = given.get("key") or given.get("id") if isinstance(given, dict) else given
        text = str(wanted or "")
        number = int(text) if text.isdecimal() else self.site.ids_by_key.get(text.upper())
        if number is None or number not in self.site.issues:
            raise ValueRefusedError("Could not find issue by id or key.")
        if self.site.issues[number].project_id != self.project.id:
            raise ValueRefusedError("Given parent work item does not belong to the same project.")
        return number

    def _sprint(self, given: Json) -> int | None:
        if given is None:
            return None
        if isinstance(given, bool) or not (isinstance(given, int) or str(given).isdecimal()):
            raise ValueRefusedError("Number value expected as the Sprint id.")
        sprint = self.site.sprints.get(int(given))
        if sprint is None:
            raise ValueRefusedError(f"Sprint with id {given} does not exist.")
        if sprint.state == "closed":
            raise ValueRefusedError("The sprint is closed.")
        return sprint.id


def _summary(given: Json) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueRefusedError("You must specify a summary of the issue.")
    if len(given) > 255:
        raise ValueRefusedError("Summary can't exceed 255 characters.")
    if "\n" in given or "\r" in given:
        raise ValueRefusedError("The summary is invalid because it contains newline characters.")
    return given.strip()


def _number(_field: Field, given: Json) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise ValueRefusedError("Operation value must be a number")
    if abs(given) > 1e14:
        raise ValueRefusedError("The number is out of range.")
    return float(given)


def _string(field: Field, given: Json) -> str | None:
    if not isinstance(given, str):
        raise ValueRefusedError("Operation value must be a string")
    if field.custom and len(given) > 255 and field.custom.endswith(":textfield"):
        raise ValueRefusedError(
            "The entered text is too long. It exceeds the limit of 255 characters."
        )
    return given or None


def _date(_field: Field, given: Json) -> str | None:
    if given == "":
        return None
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise ValueRefusedError("Operation value must be a date in yyyy-MM-dd format") from None


def _datetime(_field: Field, given: Json) -> str | None:
    try:
        parsed = datetime.fromisoformat(str(given))
    except ValueError:
        raise ValueRefusedError("Operation value must be a datetime in ISO 8601 format") from None
    if parsed.tzinfo is None:
        raise ValueRefusedError("Operation value must be a datetime in ISO 8601 format")
    return f"{parsed:%Y-%m-%dT%H:%M:%S}.{parsed.microsecond // 1000:03d}{parsed:%z}"


def _priority(_field: Field, given: Json) -> str:
    wanted = given.get("id") or given.get("name") if isinstance(given, dict) else given
    for priority_id, name in PRIORITIES.items():
        if wanted in (priority_id, name):
            return priority_id
    raise ValueRefusedError(f"Priority name '{wanted}' is not valid")


def _label(given: str) -> str:
    if re.search(r"\s", given) or not given:
        raise ValueRefusedError(f"The label '{given}' contains spaces which is invalid.")
    if len(given) > 255:
        raise ValueRefusedError("The label exceeds the limit of 255 characters.")
    return given


def _named(known: list[JsonObject], given: Json) -> str:
    """Return the id of a component or version given by id or name."""
    wanted = given.get("id") or given.get("name") if isinstance(given, dict) else given
    for entry in known:
        if wanted in (entry["id"], entry["name"]):
            return str(entry["id"])
    raise ValueRefusedError(f"'{wanted}' is not valid")
