"""What each JQL field compares: the values an issue has, and what an operand stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.adf import plain_text
from integration.sandbox.jira.beans import sprint_ids_of
from integration.sandbox.jira.fields import SPRINT_FIELD, find_field
from integration.sandbox.jira.jql import Function, JqlError, Single, Value
from integration.sandbox.jira.people import find_person
from integration.sandbox.jira.workflow import CATEGORIES, PRIORITIES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from integration.sandbox.jira.config import Json
    from integration.sandbox.jira.state import Field, Issue, Site

ALIASES = {
    "type": "issuetype", "issue": "key", "issuekey": "key", "id": "key", "workitem": "key",
    "workitemkey": "key", "epic link": "parent", "epic": "parent", "parentepic": "parent",
    "component": "components", "fixversion": "fixVersions", "due": "duedate",
    "createddate": "created", "updateddate": "updated", "resolved": "resolutiondate",
    "worktype": "issuetype", "space": "project", "label": "labels",
}  # fmt: skip
DATES = {"created", "updated", "resolutiondate", "duedate"}
TEXTS = {"summary", "description", "environment", "comment", "text"}
SPRINT_STATES = {
    "opensprints": ("active",), "futuresprints": ("future",), "closedsprints": ("closed",)
}  # fmt: skip


def canonical(site: Site, name: str) -> tuple[str, Field | None]:
    """Return the field's id and record for a name in a query; raises JqlError for none."""
    lowered = name.casefold()
    wanted = ALIASES.get(lowered, lowered)
    if wanted in ("key", "text"):
        return wanted, None
    if wanted == "sprint":
        return SPRINT_FIELD, site.fields[SPRINT_FIELD]
    field = find_field(site, wanted) or find_field(site, name)
    if field is None or field.trashed:
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
    return field.id, field


def held(site: Site, field_id: str, field: Field | None) -> Callable[[Issue], Iterable[Json]]:
    """Return how to get the comparable values which an issue has in a field."""
    known: dict[str, Callable[[Issue], Iterable[Json]]] = {
        "project": lambda issue: (issue.project_id,),
        "key": lambda issue: (issue.id,),
        "issuetype": lambda issue: (issue.type_id,),
        "status": lambda issue: (issue.status_id,),
        "statusCategory": lambda issue: (STATUSES[issue.status_id].category,),
        "creator": lambda issue: (issue.creator,),
        "resolution": lambda issue: ("10000",) if issue.resolved else (),
        "subtasks": lambda issue: [child.id for child in site.children(issue)],
        SPRINT_FIELD: lambda issue: sprint_ids_of(site, issue),
    }
    if field_id in known:
        return known[field_id]

    def stored(issue: Issue) -> Iterable[Json]:
        value = issue.values.get(field_id)
        if value is None:
            return ()
        parts = value if isinstance(value, list) else (value,)
        if field is not None and "option" in (field.kind, field.items):
            return [part["value"].casefold() for part in parts]
        if field is not None and field.items == "string":
            return [part.casefold() for part in parts]
        return parts

    return stored


def text_held(field_id: str) -> Callable[[Issue], str]:
    """Return how to get the text of an issue that `~` looks into."""
    if field_id == "text":
        return _every_text
    if field_id == "comment":
        return _comments
    return lambda issue: _text(issue.values.get(field_id))


def _every_text(issue: Issue) -> str:
    own = {"summary", "description", "environment"}
    values = (v for k, v in issue.values.items() if k in own or k.startswith("customfield_"))
    return " ".join([*map(_text, values), _comments(issue)])


def _text(value: Json) -> str:
    """Return the words of a stored text; nothing for values of other kinds."""
    if isinstance(value, dict) and value.get("type") == "doc":
        return plain_text(value)
    return value if isinstance(value, str) else ""


def _comments(issue: Issue) -> str:
    return " ".join(plain_text(comment.body) for comment in issue.comments)


def meant(site: Site, field_id: str, field: Field | None, operand: Single, user: str) -> set[Json]:
    """Return the values an operand stands for; raises JqlError for one that does not exist."""
    if isinstance(operand, Function):
        return _called(site, field_id, operand, user)
    if not isinstance(operand, Value):
        return set()
    text = operand.text
    finders: dict[str, Callable[[str], set[Json]]] = {
        "project": lambda text: {p.id for p in [site.find_project(text)] if p},
        "key": lambda text: _issue_ids(site, text),
        "parent": lambda text: _issue_ids(site, text),
        "issuetype": lambda text: {
            t.id for t in site.issue_types.values() if text.casefold() in (t.id, t.name.casefold())
        },
        "status": lambda text: {
            s.id for s in STATUSES.values() if text.casefold() in (s.id, s.name.casefold())
        },
        "statusCategory": lambda text: {
            key for key, (number, name, _) in CATEGORIES.items()
            if text.casefold() in (key, str(number), name.casefold())
        },
        "priority": lambda text: {
            key for key, name in PRIORITIES.items() if text.casefold() in (key, name.casefold())
        },
        "resolution": lambda text: (
            {"10000"} if text.casefold() in ("10000", "done") else set()
        ),
        SPRINT_FIELD: lambda text: {
            s.id for s in site.sprints.values()
            if text.casefold() in (str(s.id), s.name.casefold())
        },
        "components": lambda text: _ids_of(site, "components", text),
        "fixVersions": lambda text: _ids_of(site, "versions", text),
    }  # fmt: skip
    if field_id in finders:
        found = finders[field_id](text)
        if not found:
            raise _no_such(text, field_id, field)
        return found
    return _plain(site, field_id, field, text)


def _plain(site: Site, field_id: str, field: Field | None, text: str) -> set[Json]:
    if field is not None and field.kind == "user":
        person = find_person(site, text)
        if person is None:
            raise _no_such(text, field_id, field)
        return {person.account_id}
    if field is not None and field.kind == "number":
        try:
            return {float(text)}
        except ValueError:
            raise JqlError(
                f"'{text}' is not a number, which the field '{field.name}' needs."
            ) from None
    return {text.casefold()} if field is None or field.kind != "string" else {text}


def _no_such(text: str, field_id: str, field: Field | None) -> JqlError:
    if field_id == "key":
        return JqlError(f"An issue with key '{text}' does not exist for field 'key'.")
    shown = field.name.lower() if field else field_id
    return JqlError(f"The value '{text}' does not exist for the field '{shown}'.")


def _issue_ids(site: Site, text: str) -> set[Json]:
    number = int(text) if text.isdecimal() else site.ids_by_key.get(text.upper())
    return {number} if number in site.issues else set()


def _ids_of(site: Site, what: str, text: str) -> set[Json]:
    wanted = text.casefold()
    return {
        entry["id"]
        for project in site.projects.values()
        for entry in getattr(project, what)
        if wanted in (entry["id"], entry["name"].casefold())
    }


def _called(site: Site, field_id: str, function: Function, user: str) -> set[Json]:
    name = function.name.casefold()
    if name == "currentuser":
        return {user}
    if name in SPRINT_STATES and field_id == SPRINT_FIELD:
        return {s.id for s in site.sprints.values() if s.state in SPRINT_STATES[name]}
    if name == "standardissuetypes" and field_id == "issuetype":
        return {t.id for t in site.issue_types.values() if t.level >= 0}
    if name == "subtaskissuetypes" and field_id == "issuetype":
        return {t.id for t in site.issue_types.values() if t.level < 0}
    raise JqlError(
        f"Unable to find JQL function '{function.name}({', '.join(function.arguments)})'."
    )
