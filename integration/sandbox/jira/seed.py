"""Makes sites, projects, boards and masses of issues."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.sandbox.jira.fields import (
    GIVEN_FIELDS,
    POINTS_FIELD,
    SPRINT_FIELD,
    SYSTEM_FIELDS,
    create_field,
)
from integration.sandbox.jira.state import (
    Board,
    Issue,
    IssueType,
    Project,
    Screen,
    ScreenScheme,
    Site,
    Tab,
)
from integration.sandbox.jira.wiki_to_adf import wiki_to_adf
from integration.sandbox.jira.workflow import DEFAULT_PRIORITY, FIRST_STATUS

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.sandbox.jira.config import JiraConfig
    from integration.sandbox.jira.state import Field

TYPE_NAMES = (("Epic", 1), ("Story", 0), ("Task", 0), ("Bug", 0), ("Sub-task", -1))
SCREEN_FIELDS = [
    "summary", "issuetype", "description", "priority", "labels", "assignee", "reporter", "parent",
    "components", "fixVersions", "duedate", "environment", "attachment", "issuelinks",
    SPRINT_FIELD, POINTS_FIELD,
]  # fmt: skip
DEFAULT_SCREEN = 1


def new_site(config: JiraConfig, clock: Clock) -> Site:
    """Make a site with its people, types, fields and default screen, and no project."""
    site = Site(config, clock)
    site.people = {person.account_id: person for person in config.everybody()}
    for known in (*SYSTEM_FIELDS, *GIVEN_FIELDS):
        site.fields[known.id] = replace(known, contexts=[], project_ids=set())
    for name, level in TYPE_NAMES:
        type_id = str(site.next_id("issuetype"))
        site.issue_types[type_id] = IssueType(type_id, name, level)
    screen = Screen(DEFAULT_SCREEN, "Default Screen")
    screen.tabs.append(Tab(site.next_id("tab"), "Field Tab", list(SCREEN_FIELDS)))
    site.screens[screen.id] = screen
    site.next_id("screen", DEFAULT_SCREEN)
    return site


def seed_project(
    site: Site, key: str, name: str, *, style: str = "classic", board: bool = True
) -> Project:
    """Create a project with its types, screens and scrum board.

    `style` is "classic" (company-managed) or "next-gen" (team-managed: its own issue types, and no
    screens that the API could change).
    """
    lead = next(iter(site.people))
    if style == "next-gen":
        type_ids = []
        project_id = site.next_id("project")
        for type_name, level in TYPE_NAMES:
            type_id = str(site.next_id("issuetype"))
            shown = "Subtask" if level < 0 else type_name
            site.issue_types[type_id] = IssueType(type_id, shown, level, project_id)
            type_ids.append(type_id)
    else:
        project_id = site.next_id("project")
        type_ids = [t.id for t in site.issue_types.values() if t.project_id is None]
    project = Project(project_id, key.upper(), name, style, lead, type_ids)
    site.projects[project.id] = project
    _give_screens(site, project)
    if board:
        seed_board(site, project, f"{project.key} board")
    return project


def _give_screens(site: Site, project: Project) -> None:
    """Give the project one screen for bugs and one for everything else, as Jira's templates do."""
    schemes: dict[bool, int] = {}
    for for_bugs, title in ((False, "Default Issue Screen"), (True, "Bug Screen")):
        screen = Screen(site.next_id("screen"), f"{project.key}: Scrum {title}")
        screen.tabs.append(Tab(site.next_id("tab"), "Field Tab", list(SCREEN_FIELDS)))
        site.screens[screen.id] = screen
        scheme_id = site.next_id("screenscheme", 1)
        scheme_name = f"{screen.name} Scheme"
        site.screen_schemes[scheme_id] = ScreenScheme(scheme_id, scheme_name, screen.id, screen.id)
        schemes[for_bugs] = scheme_id
    for type_id in project.issue_type_ids:
        is_bug = site.issue_types[type_id].name == "Bug"
        project.screen_scheme_ids[type_id] = schemes[is_bug]


def seed_board(site: Site, project: Project, name: str, kind: str = "scrum") -> Board:
    """Create a board of a project."""
    board = Board(site.next_id("board", 1), name, kind, project.id)
    site.boards[board.id] = board
    return board


def seed_team_field(site: Site, project: Project, name: str, type_key: str) -> Field:
    """Add a field of a team-managed project's own: what only its settings page can do."""
    field = create_field(site, name, type_key)
    field.team_project_id = project.id
    field.contexts[0].is_global = False
    field.contexts[0].project_ids = {project.id}
    for type_id in project.issue_type_ids:
        tab = create_screen(site, project, type_id).tabs[0]
        if field.id not in tab.field_ids:
            tab.field_ids.append(field.id)
    return field


def create_screen(site: Site, project: Project, type_id: str) -> Screen:
    """Return the screen on which issues of this type are created."""
    return site.screens[site.screen_schemes[project.screen_scheme_ids[type_id]].create]


def seed_issues(
    site: Site,
    project: Project,
    count: int,
    *,
    prefix: str = "Story",
    labels: tuple[str, ...] = (),
    sprint_id: int | None = None,
    spread_s: float = 1.0,
) -> list[Issue]:
    """Create many plain stories at once, without events, the last one at the present time."""
    story = next(t for t in project.issue_type_ids if site.issue_types[t].name == "Story")
    description = wiki_to_adf("As a reader I want short answers.\n\n* one\n* two")
    creator = project.lead
    now = site.now()
    made: list[Issue] = []
    for left in range(count, 0, -1):
        project.last_number += 1
        at = now - timedelta(seconds=spread_s * (left - 1))
        issue = Issue(
            site.next_id("issue"),
            f"{project.key}-{project.last_number}",
            project.id,
            story,
            FIRST_STATUS,
            creator,
            at,
            at,
        )
        issue.values = {
            "summary": f"{prefix} {project.last_number}",
            "description": description,
            "labels": list(labels),
            "priority": DEFAULT_PRIORITY,
            "reporter": creator,
        }
        if sprint_id is not None:
            issue.sprint_ids = [sprint_id]
            site.ids_by_sprint[sprint_id].add(issue.id)
        site.issues[issue.id] = issue
        site.ids_by_key[issue.key] = issue.id
        made.append(issue)
    return made
