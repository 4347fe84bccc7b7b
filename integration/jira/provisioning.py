"""Plans what a site lacks of our fields, screens and webhook; looks only, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.jira import administration as admin
from integration.jira.field_catalogue import CATALOGUE, SPRINT_FIELD_TYPE
from integration.jira.fields import PROPERTY_KEY
from integration.jira.plan import Plan, Step
from integration.jira.webhook_plan import webhook_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integration.jira.administration import Project
    from integration.jira.field_catalogue import FieldSpec
    from integration.jira.gateway import JiraGateway

STORY_POINTS_TYPE = "com.pyxis.greenhopper.jira:jsw-story-points"
STORY_POINTS_NAMES = ("story point estimate", "story points")


def plan(
    gateway: JiraGateway,
    catalogue: Sequence[FieldSpec] = CATALOGUE,
    projects: Sequence[str] = (),
    webhook_url: str = "",
) -> Plan:
    """Plan what is needed for these projects, without any change; raises JiraFailure.

    A field is known by the id we stored, then by its name and type: names are not unique in Jira.
    """
    is_admin = "ADMINISTER" in admin.permissions(gateway, ["ADMINISTER"])
    known = [admin.project(gateway, key) for key in projects]
    classic = [one for one in known if not one.is_team_managed]
    listed = admin.all_fields(gateway)
    existing = admin.custom_fields(gateway, as_admin=is_admin)
    # The paged search knows company-managed projects only.
    of_teams = {
        one.key: _own_fields(listed, one, catalogue) for one in known if one.is_team_managed
    }
    if not classic:
        catalogue = ()  # Fields of the whole site do not reach team-managed projects.
    found, steps = _fields(gateway, catalogue, existing, is_admin=is_admin)
    if gateway.connection.is_cloud and is_admin:
        steps += _contexts(gateway, catalogue, found, classic)
    for one in known:
        if one.is_team_managed:
            steps.append(_fallback(gateway, one, of_teams[one.key]))
            continue
        steps += _project(gateway, one, catalogue, found, is_admin=is_admin)
    if webhook_url:
        steps.append(webhook_step(gateway, webhook_url, projects))
    return Plan(
        tuple(steps),
        found,
        _sprint_field(listed),
        _story_points_field(listed),
        webhook_url,
        of_teams,
    )


def _own_fields(
    existing: Sequence[Mapping[str, Any]], project: Project, catalogue: Sequence[FieldSpec]
) -> dict[str, str]:
    """Find what people made of our fields in a team-managed project: by scope, name and type."""
    found: dict[str, str] = {}
    for one in existing:
        scope = one.get("scope") or {}
        is_here = str((scope.get("project") or {}).get("id")) == str(project.id)
        for spec in catalogue:
            if is_here and one["name"] == spec.jira_name and _custom(one) == spec.custom_type:
                found[spec.name] = one["id"]
    return found


def _fallback(gateway: JiraGateway, project: Project, own: Mapping[str, str]) -> Step:
    """Say how a team-managed project's figures are shown; fields made by hand since are adopted."""
    data = {"property": PROPERTY_KEY, "fields": sorted(own)}
    known = gateway.connection.project_field_ids.get(project.key)
    if own and known != own:
        return Step("adopt_own", project.key, data)
    return Step("fallback", project.key, data)


def _fields(
    gateway: JiraGateway, catalogue: Sequence[FieldSpec], existing: Sequence[Mapping[str, Any]],
    *, is_admin: bool,
) -> tuple[dict[str, str], list[Step]]:  # fmt: skip
    """Find, adopt or create each field; what we may not create is told in one hand step."""
    found: dict[str, str] = {}
    there: list[str] = []
    steps: list[Step] = []
    lacking: list[FieldSpec] = []
    for spec in catalogue:
        stored = gateway.connection.field_ids.get(spec.name, "")
        fitting = [one for one in existing if _fits(one, spec)]
        same = [one for one in fitting if one["name"] == spec.jira_name]
        if any(one["id"] == stored for one in fitting):
            found[spec.name] = stored
            there.append(stored)
        elif same:
            adopted = min((one["id"] for one in same), key=_number)
            found[spec.name] = adopted
            data: dict[str, Any] = {"id": adopted, "name": spec.name, "others": len(same) - 1}
            steps.append(Step("adopt", spec.jira_name, data))
        elif is_admin:
            namesake = any(one["name"] == spec.jira_name for one in existing)
            data = {"spec": spec, "namesake": namesake}
            steps.append(Step("create", spec.jira_name, data))
        else:
            lacking.append(spec)
    if there:
        data = {"what": "fields", "ids": there, "of": len(catalogue)}
        steps.insert(0, Step("found", "fields", data))
    if lacking:
        steps.append(Step("blocked", "fields", {"what": "fields", "specs": lacking}))
    return found, steps


def _contexts(
    gateway: JiraGateway,
    catalogue: Sequence[FieldSpec],
    found: Mapping[str, str],
    projects: Sequence[Project],
) -> Iterator[Step]:
    """Give fields that somebody made for other projects a context for ours, and choices.

    A field that we create has a global context, so only its choices are planned.
    """
    by_id = {one.id: one.key for one in projects}
    for spec in catalogue:
        field_id = found.get(spec.name)
        covering = admin.contexts_for(gateway, field_id, by_id) if field_id else dict[int, str]()
        uncovered = [one for one in by_id if one not in covering]
        if field_id and uncovered:
            data: dict[str, Any] = {
                "name": spec.name,
                "project_ids": uncovered,
                "projects": [by_id[one] for one in uncovered],
            }
            yield Step("context", spec.jira_name, data)
        if not spec.options:
            continue
        if not field_id or uncovered or _lacks_options(gateway, spec, field_id, covering):
            data = {"spec": spec, "project_ids": list(by_id), "options": spec.options}
            yield Step("options", spec.jira_name, data)


def _lacks_options(
    gateway: JiraGateway, spec: FieldSpec, field_id: str, covering: Mapping[int, str]
) -> bool:
    wanted = set(spec.options)
    return any(
        not wanted <= admin.options(gateway, field_id, context)
        for context in set(covering.values())
    )


def _project(
    gateway: JiraGateway,
    project: Project,
    catalogue: Sequence[FieldSpec],
    found: Mapping[str, str],
    *,
    is_admin: bool,
) -> Iterator[Step]:
    """Associate the fields with a project and put them on its screens."""
    names = [spec.name for spec in catalogue]
    if not (is_admin and gateway.connection.is_cloud):
        yield from _by_hand(gateway, project, catalogue, found)
        return
    there = admin.associated_fields(gateway, project, list(found.values()))
    lacking = [name for name in names if found.get(name) not in there]
    if lacking:
        yield Step("associate", project.key, {"project_id": project.id, "names": lacking})
    yield from _screens(gateway, project, names, found)


def _by_hand(
    gateway: JiraGateway,
    project: Project,
    catalogue: Sequence[FieldSpec],
    found: Mapping[str, str],
) -> Iterator[Step]:
    """Tell an administrator what to do; Data Center has no API for contexts and screens.

    What is done shows on a story; without one there is nothing to see yet.
    """
    shown = admin.editable_fields(gateway, project.key)
    lacking = [spec for spec in catalogue if found.get(spec.name) not in (shown or ())]
    if lacking:
        data = {
            "what": "project", "specs": lacking, "of": len(catalogue), "tab": admin.TAB,
            "is_cloud": gateway.connection.is_cloud, "is_seen": shown is not None,
        }  # fmt: skip
        yield Step("blocked", project.key, data)


def _screens(
    gateway: JiraGateway, project: Project, names: Sequence[str], found: Mapping[str, str]
) -> Iterator[Step]:
    for screen in admin.screens_of(gateway, project.id):
        lacking = [name for name in names if found.get(name) not in screen.field_ids]
        if lacking:
            data = {
                "screen_id": screen.id,
                "tab_id": screen.tab_id,
                "tab": admin.TAB,
                "names": lacking,
            }
            yield Step("screen", screen.name, data)


def _fits(existing: Mapping[str, Any], spec: FieldSpec) -> bool:
    """Whether a field can hold the figure; one that belongs to a single project cannot."""
    scope = existing.get("scope") or {}
    return _custom(existing) == spec.custom_type and scope.get("type") != "PROJECT"


def _number(field_id: str) -> int:
    digits = field_id.rpartition("_")[2]
    return int(digits) if digits.isdigit() else 0


def _sprint_field(listed: Sequence[Mapping[str, Any]]) -> str:
    return next((one["id"] for one in listed if _custom(one) == SPRINT_FIELD_TYPE), "")


def _story_points_field(listed: Sequence[Mapping[str, Any]]) -> str:
    by_type = (one["id"] for one in listed if _custom(one) == STORY_POINTS_TYPE)
    by_name = (one["id"] for one in listed if one["name"].lower() in STORY_POINTS_NAMES)
    return next(by_type, "") or next(by_name, "")


def _custom(one: Mapping[str, Any]) -> str:
    return str((one.get("schema") or {}).get("custom", ""))
