"""The pages: the board with its Sprints, and each story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from integration.sandbox.jira.beans import sprint_ids_of
from integration.sandbox.jira.fields import (
    POINTS_FIELD,
    RANK_FIELD,
    SPRINT_FIELD,
    applying_fields,
    is_rich_text,
)
from integration.sandbox.jira.wire import site
from integration.sandbox.jira.workflow import PRIORITIES, STATUSES

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Board, Issue

pages = Blueprint("pages", __name__)
MOST_CARDS = 200


def _name(account_id: str | None) -> str:
    person = site().people.get(account_id or "")
    return person.display_name if person else ""


def _shown(value: Json) -> str:
    """Write a stored value as plain text."""
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, dict):
        return str(value.get("value", ""))
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value)
    return str(value)


def _own_fields(issue: Issue, kinds: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return names and values of the filled custom fields, of some kinds where given."""
    hidden = {SPRINT_FIELD, RANK_FIELD} | ({POINTS_FIELD} if kinds else set())
    return [
        (field.name, _shown(issue.values[field.id]))
        for field in applying_fields(site(), issue)
        if field.custom
        and (not kinds or field.kind in kinds)
        and field.id not in hidden
        and field.id in issue.values
        and not is_rich_text(field)
    ]


def _card(issue: Issue) -> JsonObject:
    status = STATUSES[issue.status_id]
    return {
        "key": issue.key,
        "summary": issue.values["summary"],
        "kind": site().issue_types[issue.type_id].name,
        "labels": issue.values.get("labels", []),
        "status": status.name,
        "category": status.category,
        "points": issue.values.get(POINTS_FIELD),
        "assignee": _name(issue.values.get("assignee")),
        "fields": _own_fields(issue, ("number", "option")),
    }


def _sections(board: Board) -> list[JsonObject]:
    """Return the board's Sprints, active ones first, and the backlog, with their stories."""
    order = {"active": 0, "future": 1, "closed": 2}
    sprints = [s for s in site().sprints.values() if s.board_id == board.id]
    sprints.sort(key=lambda sprint: (order[sprint.state], sprint.id))
    sections: list[JsonObject] = []
    for sprint in sprints:
        found = [site().issues[number] for number in sorted(site().ids_by_sprint[sprint.id])]
        sections.append({"sprint": sprint, "cards": [_card(issue) for issue in found[:MOST_CARDS]]})
    waiting = [
        issue
        for issue in site().issues.values()
        if issue.project_id == board.project_id and not sprint_ids_of(site(), issue)
    ]
    cards = [_card(issue) for issue in waiting[:MOST_CARDS]]
    sections.append({"sprint": None, "cards": cards, "more": len(waiting) - len(cards)})
    return sections


@pages.get("/")
def board_page() -> str:
    """Show one board, the first unless asked otherwise."""
    boards = list(site().boards.values())
    asked = request.args.get("board", "")
    board = site().boards.get(int(asked)) if asked.isdecimal() else None
    board = board or (boards[0] if boards else None)
    return render_template(
        "sandbox/jira/board.html",
        title=site().config.site_name,
        now=site().now(),
        boards=boards,
        board=board,
        project=site().projects[board.project_id] if board else None,
        sections=_sections(board) if board else [],
    )


@pages.get("/browse/<key>")
def story_page(key: str) -> str:
    """Show one story with its texts, fields, comments and history."""
    issue = site().issue(key)
    texts = [
        (field.name, issue.values[field.id])
        for field in applying_fields(site(), issue)
        if is_rich_text(field) and issue.values.get(field.id)
    ]
    parent = site().issues.get(issue.values.get("parent") or 0)
    sprints = [site().sprints[i] for i in sprint_ids_of(site(), issue)]
    facts = [
        ("Priority", PRIORITIES.get(issue.values.get("priority", ""), "")),
        ("Assignee", _name(issue.values.get("assignee"))),
        ("Reporter", _name(issue.values.get("reporter"))),
        ("Sprint", ", ".join(f"{sprint.name} ({sprint.state})" for sprint in sprints)),
    ]
    return render_template(
        "sandbox/jira/story.html",
        title=site().config.site_name,
        issue=issue,
        card=_card(issue),
        facts=[fact for fact in facts if fact[1]] + _own_fields(issue),
        texts=texts,
        parent=parent,
        children=list(site().children(issue)),
        name=_name,
    )
