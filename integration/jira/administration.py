"""Jira's administration endpoints, which the `jira` library lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integration.jira.failures import JiraFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from integration.jira.field_catalogue import FieldSpec
    from integration.jira.traffic import Traffic

TAB = "AI Cost & Carbon"
WEBHOOKS = "/rest/webhooks/1.0/webhook"
FORBIDDEN = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True)
class Project:
    """A project as provisioning needs it."""

    id: int
    key: str
    name: str
    is_team_managed: bool
    issue_type_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen with all fields on any of its tabs, and the tab that is ours, None without one."""

    id: int
    name: str
    field_ids: frozenset[str]
    tab_id: int | None


def permissions(traffic: Traffic, names: Sequence[str], project_key: str = "") -> set[str]:
    """Return those of the permissions that our account has, globally or in a project."""
    params = {"permissions": ",".join(names)}
    if project_key:
        params["projectKey"] = project_key
    answer = traffic.call("GET", f"{traffic.connection.rest}/mypermissions", params=params)
    return {name for name, one in answer["permissions"].items() if one.get("havePermission")}


def project(traffic: Traffic, key: str) -> Project:
    """Return a project; `style` next-gen is what people see as team-managed."""
    found = traffic.call("GET", f"{traffic.connection.rest}/project/{key}")
    kinds = tuple(str(one["id"]) for one in found.get("issueTypes") or ())
    is_team_managed = found.get("style") == "next-gen" or bool(found.get("simplified"))
    return Project(int(found["id"]), found["key"], found.get("name", ""), is_team_managed, kinds)


def project_keys(traffic: Traffic) -> list[str]:
    """Return the keys of the projects that our account sees."""
    if not traffic.connection.is_cloud:
        listed = traffic.call("GET", f"{traffic.connection.rest}/project")
    else:
        listed = traffic.pages(f"{traffic.connection.rest}/project/search", {"orderBy": "key"})
    return [one["key"] for one in listed]


def custom_fields(traffic: Traffic, *, as_admin: bool) -> list[dict[str, Any]]:
    """Return the site's custom fields that may be ours: by name, or by an id that we stored.

    An administrator searches: the plain list leaves out fields that no visible project uses, and
    provisioning would then make them twice.
    """
    if not (as_admin and traffic.connection.is_cloud):
        return [one for one in all_fields(traffic) if one.get("custom")]
    path, stored = f"{traffic.connection.rest}/field/search", traffic.connection.field_ids.values()
    found = list(traffic.pages(path, {"type": "custom", "query": "AI "}))
    renamed = sorted(set(stored) - {one["id"] for one in found})
    if renamed:
        found += traffic.pages(path, {"type": "custom", "id": renamed})
    return found


def all_fields(traffic: Traffic) -> list[dict[str, Any]]:
    """Return the fields that our account can see."""
    found: list[dict[str, Any]] = traffic.call("GET", f"{traffic.connection.rest}/field")
    return found


def create_field(traffic: Traffic, spec: FieldSpec) -> str:
    """Create a custom field and return its id."""
    body = {
        "name": spec.jira_name,
        "description": spec.description,
        "type": spec.custom_type,
        "searcherKey": spec.searcher_key,
    }
    return str(traffic.call("POST", f"{traffic.connection.rest}/field", body=body)["id"])


def contexts_for(traffic: Traffic, field_id: str, project_ids: Iterable[int]) -> dict[int, str]:
    """Return which context covers each project; a project without one is left out."""
    path = f"{traffic.connection.rest}/field/{field_id}/context"
    mapping = list(traffic.pages(f"{path}/projectmapping"))
    everywhere = next((str(one["contextId"]) for one in mapping if one.get("isGlobalContext")), "")
    bound = {int(one["projectId"]): str(one["contextId"]) for one in mapping if "projectId" in one}
    covering = {wanted: bound.get(wanted, everywhere) for wanted in project_ids}
    return {wanted: context for wanted, context in covering.items() if context}


def create_context(traffic: Traffic, field_id: str, project_ids: Sequence[int]) -> None:
    """Make a field apply to projects that none of its contexts covers."""
    body = {
        "name": f"StoryMeter {', '.join(str(one) for one in project_ids)}",
        "description": "AI Cost & Carbon figures",
        "projectIds": [str(one) for one in project_ids],
        "issueTypeIds": [],
    }
    traffic.call("POST", f"{traffic.connection.rest}/field/{field_id}/context", body=body)


def options(traffic: Traffic, field_id: str, context_id: str) -> set[str]:
    """Return the choices of a select field in a context."""
    path = f"{traffic.connection.rest}/field/{field_id}/context/{context_id}/option"
    return {one["value"] for one in traffic.pages(path)}


def add_options(traffic: Traffic, field_id: str, context_id: str, values: Sequence[str]) -> None:
    """Add choices to a select field in a context."""
    path = f"{traffic.connection.rest}/field/{field_id}/context/{context_id}/option"
    traffic.call("POST", path, body={"options": [{"value": value} for value in values]})


def associated_fields(
    traffic: Traffic, wanted: Project, field_ids: Sequence[str]
) -> frozenset[str]:
    """Return which of the fields the project has for all of its issue types."""
    if not field_ids:
        return frozenset()
    params = {
        "projectId": [wanted.id],
        "workTypeId": list(wanted.issue_type_ids),
        "fieldId": list(field_ids),
    }
    seen: dict[str, set[str]] = {}
    for one in traffic.pages(f"{traffic.connection.rest}/projects/fields", params):
        seen.setdefault(one["fieldId"], set()).add(str(one["workTypeId"]))
    return frozenset(name for name, kinds in seen.items() if kinds >= set(wanted.issue_type_ids))


def editable_fields(traffic: Traffic, project_key: str) -> frozenset[str] | None:
    """Return the fields that people can edit on the newest story of a project; None without one.

    That is what accounts can see who may not see screens.
    """
    rest = traffic.connection.rest
    search = f"{rest}/search/jql" if traffic.connection.is_cloud else f"{rest}/search"
    asked = {"jql": f'project = "{project_key}" ORDER BY created DESC', "maxResults": 1,
             "fields": ["id"]}  # fmt: skip
    newest = traffic.call("POST", search, body=asked, idempotent=True).get("issues")
    if not newest:
        return None
    path = f"{rest}/issue/{newest[0]['id']}/editmeta"
    return frozenset(traffic.call("GET", path)["fields"])


def associate(traffic: Traffic, project_id: int, field_ids: Sequence[str]) -> None:
    """Associate at most 50 fields with a project; required since 2026 before a field appears."""
    body = {
        "associationContexts": [{"type": "PROJECT_ID", "identifier": project_id}],
        "fields": [{"type": "FIELD_ID", "identifier": field_id} for field_id in field_ids],
    }
    traffic.call("PUT", f"{traffic.connection.rest}/field/association", body=body)


def screens_of(traffic: Traffic, project_id: int) -> Iterator[Screen]:
    """Yield the screens on which a project's stories are edited and viewed."""
    rest = traffic.connection.rest
    schemes = traffic.pages(f"{rest}/issuetypescreenscheme/project", {"projectId": project_id})
    scheme_ids = [one["issueTypeScreenScheme"]["id"] for one in schemes]
    mappings = traffic.pages(
        f"{rest}/issuetypescreenscheme/mapping", {"issueTypeScreenSchemeId": scheme_ids}
    )
    wanted = sorted({int(one["screenSchemeId"]) for one in mappings})
    screen_ids: set[int] = set()
    for scheme in traffic.pages(f"{rest}/screenscheme", {"id": wanted}):
        screens = scheme["screens"]
        screen_ids |= {screens.get(use) or screens["default"] for use in ("edit", "view")}
    named = {
        int(one["id"]): one["name"]
        for one in traffic.pages(f"{rest}/screens", {"id": sorted(screen_ids)})
    }
    for screen_id in sorted(screen_ids):
        yield _screen(traffic, screen_id, named.get(screen_id, str(screen_id)))


def create_tab(traffic: Traffic, screen_id: int) -> int:
    """Make our own tab on a screen, so that nobody's tab grows by two dozen fields."""
    path = f"{traffic.connection.rest}/screens/{screen_id}/tabs"
    return int(traffic.call("POST", path, body={"name": TAB})["id"])


def add_to_screen(traffic: Traffic, screen_id: int, tab_id: int, field_id: str) -> None:
    """Put a field on a tab; one that is there already is left where it is."""
    path = f"{traffic.connection.rest}/screens/{screen_id}/tabs/{tab_id}/fields"
    try:
        traffic.call("POST", path, body={"fieldId": field_id})
    except JiraFailure as failure:
        if failure.status != 400 or field_id not in _on_tab(traffic, screen_id, tab_id):
            raise


def webhooks(traffic: Traffic) -> list[dict[str, Any]] | None:
    """Return the admin webhooks, None when our account may not see them."""
    try:
        found: list[dict[str, Any]] = traffic.call("GET", WEBHOOKS)
    except JiraFailure as failure:
        if failure.status in FORBIDDEN:
            return None
        raise
    return found


def save_webhook(traffic: Traffic, webhook_id: str, body: dict[str, Any]) -> None:
    """Create an admin webhook, or change the one with this id."""
    if webhook_id:
        traffic.call("PUT", f"{WEBHOOKS}/{webhook_id}", body=body)
    else:
        traffic.call("POST", WEBHOOKS, body=body)


def _screen(traffic: Traffic, screen_id: int, name: str) -> Screen:
    tabs = traffic.call("GET", f"{traffic.connection.rest}/screens/{screen_id}/tabs")
    on_any = {field for tab in tabs for field in _on_tab(traffic, screen_id, int(tab["id"]))}
    ours = next((int(tab["id"]) for tab in tabs if tab["name"] == TAB), None)
    return Screen(screen_id, name, frozenset(on_any), ours)


def _on_tab(traffic: Traffic, screen_id: int, tab_id: int) -> set[str]:
    path = f"{traffic.connection.rest}/screens/{screen_id}/tabs/{tab_id}/fields"
    return {one["id"] for one in traffic.call("GET", path)}
