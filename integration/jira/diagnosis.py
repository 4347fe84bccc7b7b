"""What is wrong with a workspace's Jira, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.foundation.findings import Finding
from integration.foundation.wording import environment
from integration.jira import administration as admin
from integration.jira.failures import JiraFailure
from integration.jira.provisioning import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.jira.gateway import JiraGateway
    from integration.jira.plan import Step

NEEDED = ("BROWSE_PROJECTS", "EDIT_ISSUES", "ADD_COMMENTS")


def first_look(gateway: JiraGateway) -> tuple[str, list[Finding]]:
    """Sign in and look for the projects; returns the id of our account, and what was seen.

    Never raises: what Jira does not let us look at is a finding too.
    """
    try:
        me = gateway.myself()
    except JiraFailure as failure:
        return "", [_no_sign_in(gateway, failure)]
    keys = gateway.connection.project_keys
    signed_in = _finding("account", "signed_in", is_well=True, me=me)
    return me.account_id, [signed_in, *(_first_of_project(gateway, key) for key in keys)]


def diagnose(gateway: JiraGateway, *, webhook_url: str = "") -> list[Finding]:
    """Look at sign-in, account, rights, boards, fields and webhook; changes nothing, never raises.

    What Jira does not let us look at is a finding too.
    """
    try:
        return list(_findings(gateway, webhook_url))
    except JiraFailure as failure:
        return [_no_sign_in(gateway, failure)]


def _findings(gateway: JiraGateway, webhook_url: str) -> Iterator[Finding]:
    connection = gateway.connection
    me = gateway.myself()
    is_us = connection.account_id == me.account_id
    yield _finding("account", "account", is_well=is_us, me=me)
    there = []
    for key in connection.project_keys:
        first = _first_of_project(gateway, key)
        yield first
        if first.is_well:
            there.append(key)
            yield from _project(gateway, key)
    made = plan(gateway, projects=there, webhook_url=webhook_url)
    has_sprints = connection.sprint_field_id == made.sprint_field_id != ""
    yield _finding("sprint field", "sprint_field", is_well=has_sprints, field=made.sprint_field_id)
    for step in made.steps:
        yield _of_step(step)


def _first_of_project(gateway: JiraGateway, key: str) -> Finding:
    try:
        found = admin.project(gateway, key)
    except JiraFailure as failure:
        if failure.status != 404:
            return _finding(key, "connection", is_well=False, message=failure.message)
        return _finding(key, "project", is_well=False, key=key, seen=_seen_keys(gateway))
    return _finding(key, "project", is_well=True, project=found)


def _seen_keys(gateway: JiraGateway) -> list[str]:
    """Return the projects that our account sees; none where Jira does not say."""
    try:
        return admin.project_keys(gateway)
    except JiraFailure:
        return []


def _project(gateway: JiraGateway, key: str) -> Iterator[Finding]:
    try:
        had = admin.permissions(gateway, NEEDED, key)
        boards = list(gateway.boards(key))
    except JiraFailure as failure:
        yield _finding(key, "connection", is_well=False, message=failure.message)
        return
    lacking = [name for name in NEEDED if name not in had]
    yield _finding(f"{key} rights", "rights", is_well=not lacking, key=key, lacking=lacking)
    yield _finding(f"{key} boards", "boards", is_well=bool(boards), key=key, boards=boards)


def _no_sign_in(gateway: JiraGateway, failure: JiraFailure) -> Finding:
    kind = {401: "refused", 404: "no_jira"}.get(failure.status or 0, "connection")
    connection = gateway.connection
    return _finding(
        "connection", kind, is_well=False, message=failure.message, connection=connection,
        auth=type(connection.auth).__name__,
    )  # fmt: skip


def _of_step(step: Step) -> Finding:
    """A step that is there already, or a known fallback, is well; anything planned is not."""
    by_hand = str(step.data["what"]) if step.kind == "blocked" else ""
    return Finding(step.subject, step.kind in {"found", "fallback"}, step.sentence, by_hand)


def _finding(subject: str, kind: str, *, is_well: bool, **values: Any) -> Finding:
    template = environment("jira").get_template("finding.txt.j2")
    words = template.render(kind=kind, is_well=is_well, **values)
    return Finding(subject, is_well, " ".join(words.split()))
