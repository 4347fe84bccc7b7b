"""The site over REST: server, people, projects, types, statuses, priorities, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.beans import project_bean, type_bean
from integration.sandbox.jira.people import full_user, person_or_404
from integration.sandbox.jira.wire import (
    listed,
    me,
    page,
    rest_url,
    site,
    stamp,
    version,
    window,
)
from integration.sandbox.jira.workflow import (
    CATEGORIES,
    PRIORITIES,
    STATUSES,
    category_bean,
    priority_bean,
    resolution_bean,
    status_bean,
)

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Project

site_api = Blueprint("site", __name__)


@site_api.get("/serverInfo")
def server_info() -> Response:
    """Say what this server is."""
    is_cloud = site().config.deployment == "Cloud"
    numbers = [1001, 0, 0] if is_cloud else [10, 3, 0]
    answer: JsonObject = {
        "baseUrl": site().base_url,
        "version": "1001.0.0-SNAPSHOT" if is_cloud else "10.3.0",
        "versionNumbers": numbers,
        "deploymentType": site().config.deployment,
        "buildNumber": 100300,
        "buildDate": "2026-11-01T00:00:00.000+0000",
        "serverTime": stamp(site().now()),
        "scmInfo": "0" * 40,
        "serverTitle": f"{site().config.site_name} (local sandbox)",
    }
    if is_cloud:
        answer |= {"displayUrl": site().base_url, "serverTimeZone": "Etc/UTC"}
    return jsonify(answer)


@site_api.get("/myself")
def myself() -> Response:
    """Show who signed in."""
    return jsonify(full_user(site(), me(), version()))


@site_api.get("/user")
def user() -> Response:
    """Show somebody."""
    wanted = next(
        (request.args[k] for k in ("accountId", "username", "key") if k in request.args), ""
    )
    return jsonify(full_user(site(), person_or_404(site(), wanted), version()))


@site_api.get("/user/search")
@site_api.get("/user/assignable/search")
def user_search() -> Response:
    """Find people by a part of their name or address, or by account id."""
    account = request.args.get("accountId")
    text = (request.args.get("query") or request.args.get("username") or "").casefold()
    found = [
        full_user(site(), person, version())
        for person in site().people.values()
        if account in (None, person.account_id)
        and text in f"{person.display_name} {person.email} {person.account_id}".casefold()
    ]
    return jsonify(window(found)[0])


@site_api.get("/users/search")
@site_api.get("/users")
def users() -> Response:
    """List everybody."""
    found = [full_user(site(), person, version()) for person in site().people.values()]
    return jsonify(window(found)[0])


def _project(project: Project) -> JsonObject:
    types = [type_bean(site(), site().issue_types[i], version()) for i in project.issue_type_ids]
    lead = full_user(site(), site().people[project.lead], version())
    for extra in ("locale", "groups", "applicationRoles", "expand"):
        lead.pop(extra)
    return project_bean(site(), project, version()) | {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "description": "",
        "lead": lead,
        "components": project.components,
        "issueTypes": types,
        "assigneeType": "UNASSIGNED",
        "versions": project.versions,
        "roles": {},
        "style": project.style,
        "isPrivate": False,
        "properties": {},
    }


@site_api.get("/project/search")
def project_search() -> Response:
    """List projects, by key, id or a part of the name where asked."""
    ids, keys = listed("id"), [key.upper() for key in listed("keys")]
    text = request.args.get("query", "").casefold()
    found = [
        _project(project)
        for project in sorted(site().projects.values(), key=lambda project: project.key)
        if (not ids or str(project.id) in ids)
        and (not keys or project.key in keys)
        and text in f"{project.key} {project.name}".casefold()
    ]
    return page(found, top=100)


@site_api.get("/project")
def projects() -> Response:
    """List all projects."""
    return jsonify([_project(project) for project in site().projects.values()])


@site_api.get("/project/<key>")
def project(key: str) -> Response:
    """Show a project."""
    return jsonify(_project(site().project(key)))


@site_api.get("/project/<key>/statuses")
def project_statuses(key: str) -> Response:
    """List the statuses of each of the project's issue types."""
    found = site().project(key)
    statuses = [status_bean(site(), status_id) for status_id in STATUSES]
    answer = []
    for type_id in found.issue_type_ids:
        bean = type_bean(site(), site().issue_types[type_id], version())
        shown = {name: bean[name] for name in ("self", "id", "name", "subtask")}
        answer.append(shown | {"statuses": statuses})
    return jsonify(answer)


@site_api.get("/project/<key>/components")
def components(key: str) -> Response:
    """List a project's components."""
    return jsonify(site().project(key).components)


@site_api.get("/project/<key>/versions")
def versions(key: str) -> Response:
    """List a project's versions."""
    return jsonify(site().project(key).versions)


@site_api.post("/component")
def create_component() -> tuple[Response, int]:
    """Create a component of a project."""
    payload = request.get_json(force=True)
    found = site().project(str(payload.get("project") or payload.get("projectId") or ""))
    number = str(site().next_id("component"))
    bean = {
        "self": rest_url(f"component/{number}"),
        "id": number,
        "name": str(payload.get("name") or ""),
        "project": found.key,
        "projectId": found.id,
        "isAssigneeTypeValid": False,
    }
    found.components.append(bean)
    return jsonify(bean), 201


@site_api.get("/issuetype")
def issue_types() -> Response:
    """List all issue types."""
    return jsonify([type_bean(site(), t, version()) for t in site().issue_types.values()])


@site_api.get("/issuetype/project")
def project_issue_types() -> Response:
    """List a project's issue types."""
    found = site().project(request.args.get("projectId", ""))
    shown = [site().issue_types[type_id] for type_id in found.issue_type_ids]
    return jsonify([type_bean(site(), issue_type, version()) for issue_type in shown])


@site_api.get("/status")
def statuses() -> Response:
    """List all statuses."""
    return jsonify([status_bean(site(), status_id) for status_id in STATUSES])


@site_api.get("/statuscategory")
def status_categories() -> Response:
    """List the status categories."""
    return jsonify([category_bean(site(), key) for key in CATEGORIES])


@site_api.get("/priority")
def priorities() -> Response:
    """List the priorities."""
    return jsonify([priority_bean(site(), priority_id) for priority_id in PRIORITIES])


@site_api.get("/priority/search")
def priority_search() -> Response:
    """List the priorities, page by page."""
    return page([priority_bean(site(), priority_id) for priority_id in PRIORITIES])


@site_api.get("/resolution")
def resolutions() -> Response:
    """List the one resolution."""
    return jsonify([resolution_bean(site())])


@site_api.get("/label")
def labels() -> Response:
    """List the labels in use."""
    found = {label for issue in site().issues.values() for label in issue.values.get("labels", [])}
    return page(sorted(found), most=1000)


@site_api.get("/mypermissions")
def my_permissions() -> Response:
    """Say which of the asked permissions the caller has: administration is for administrators."""
    known = {
        "ADMINISTER": ("0", "Administer Jira", "GLOBAL", me().admin),
        "BULK_CHANGE": ("33", "Make bulk changes", "GLOBAL", True),
        "BROWSE_PROJECTS": ("10", "Browse Projects", "PROJECT", True),
        "CREATE_ISSUES": ("11", "Create Issues", "PROJECT", True),
        "EDIT_ISSUES": ("12", "Edit Issues", "PROJECT", True),
        "ADMINISTER_PROJECTS": ("23", "Administer Projects", "PROJECT", me().admin),
        "ADD_COMMENTS": ("15", "Add Comments", "PROJECT", True),
    }
    asked = listed("permissions") or list(known)
    shown = {
        key: {
            "id": number,
            "key": key,
            "name": name,
            "type": kind,
            "description": "",
            "havePermission": have,
        }
        for key, (number, name, kind, have) in known.items()
        if key in asked
    }
    return jsonify({"permissions": shown})
