"""The one class that all of a workspace's Jira traffic goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.jira import search
from integration.jira.adf import plain_text
from integration.jira.failures import JiraFailure
from integration.jira.fields import PROPERTY_KEY
from integration.jira.issue_json import (
    Account,
    Board,
    account_of,
    board_of,
    description_of,
    id_of,
    sprint_of,
    story_field_ids,
    story_of,
)
from integration.jira.story_template import HEADING
from integration.jira.traffic import Traffic
from integration.jira.wiki import from_wiki, to_wiki

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integration.backlog.story import Sprint, Story
    from integration.jira.adf import Node

AGILE = "/rest/agile/1.0"
MOST_MOVED = 50
HISTORY = {
    "type": "storymeter",
    "activityDescription": "StoryMeter wrote the AI cost and carbon figures",
    "generator": {"id": "storymeter", "type": "application", "displayName": "StoryMeter"},
}
"""Shown in the issue's history, so that people see which program wrote and not only whose token."""


class JiraGateway(Traffic):
    """Reads and writes one Jira site in our words. All methods raise JiraFailure.

    One instance per workspace and process, so that its limits are shared; threads may share it.
    """

    _loud_projects: frozenset[str] = frozenset()

    def myself(self) -> Account:
        """Return the account that we sign in with."""
        return account_of(
            self.attempt(lambda client: client.myself(), "GET myself", idempotent=True)
        )

    def account_id_by_email(self, email: str) -> str:
        """Return the account with this e-mail address; empty when Jira tells of none, or of two.

        Jira also searches names. An account that hides its address counts when it is the only
        one found.
        """
        asked = "query" if self.connection.is_cloud else "username"
        params = {asked: email, "maxResults": "10"}
        found = self.call("GET", f"{self.connection.rest}/user/search", params=params)
        people = [one for one in found if one.get("active", True)]
        same = [one for one in people if _email(one) == email.casefold()]
        if not same and len(people) == 1 and not _email(people[0]):
            same = people
        return id_of(same[0]) if len(same) == 1 else ""

    def story(self, key: str) -> Story:
        """Return a story with its Sprint history; by key or issue id. A missing one is a 404."""
        fields = ",".join(story_field_ids(self.connection))
        is_cloud = self.connection.is_cloud
        expand = None if is_cloud else "changelog"
        issue = self.attempt(
            lambda client: client.issue(key, fields=fields, expand=expand).raw,
            f"GET {self.connection.rest}/issue/{key}",
            idempotent=True,
        )
        histories = search.histories_of(self, key) if is_cloud else issue["changelog"]["histories"]
        return story_of(issue, histories, self.connection)

    def stories(self, jql: str, *, reconcile_issues: Sequence[int] = ()) -> Iterator[Story]:
        """Yield the stories that a bounded JQL finds, with constant memory.

        `reconcile_issues` are at most 50 issue ids whose latest changes the search must see, for
        the index lags behind.
        """
        return search.stories(self, jql, reconcile_issues)

    def issue_ids(self, jql: str) -> Iterator[int]:
        """Yield the ids of the issues that a bounded JQL finds, thousands per request."""
        return search.ids(self, jql)

    def existing(self, issue_ids: Sequence[int]) -> set[int]:
        """Return those of the issues that are still there; the search index lags behind."""
        return search.existing(self, issue_ids)

    def stories_of_sprint(
        self, sprint_id: int, *, reconcile_issues: Sequence[int] = ()
    ) -> Iterator[Story]:
        """Yield what is or was in a Sprint: a closed Sprint still lists what was carried over."""
        return self.stories(f"sprint = {sprint_id} ORDER BY key", reconcile_issues=reconcile_issues)

    def sprint(self, sprint_id: int) -> Sprint:
        """Return a Sprint."""
        return sprint_of(self.call("GET", f"{AGILE}/sprint/{sprint_id}"))

    def sprints_of_board(
        self, board_id: int, states: Sequence[str] = ("future", "active", "closed")
    ) -> Iterator[Sprint]:
        """Yield the Sprints of a board in these states."""
        path, params = f"{AGILE}/board/{board_id}/sprint", {"state": ",".join(states)}
        return (sprint_of(sprint) for sprint in self.pages(path, params))

    def boards(self, project_key: str) -> Iterator[Board]:
        """Yield the boards of a project that can have Sprints."""
        found = self.pages(f"{AGILE}/board", {"projectKeyOrId": project_key})
        return (board for board in map(board_of, found) if board.type != "kanban")

    def write_story(
        self,
        key: str,
        fields: Mapping[str, Any],
        property_value: object = None,
        *,
        description: Node | None = None,
    ) -> dict[str, Any]:
        """Write fields, property and description in one PUT: one history entry, one webhook.

        Nobody gets a mail where we may suppress it. `key` is a key or an issue id. Figures that the
        project has no field for, or none on its screens, are left out: the property has them all.
        Returns the fields that were written.
        """
        written = dict(fields)
        if description is not None:
            written["description"] = self._rich(description)
        body: dict[str, Any] = {"fields": written, "historyMetadata": HISTORY}
        if property_value is not None:
            body["properties"] = [{"key": PROPERTY_KEY, "value": property_value}]
        path = f"{self.connection.rest}/issue/{key}"
        try:
            self._quietly("PUT", path, key, body)
        except JiraFailure as failure:
            refused = failure.refused_fields
            if not refused or not refused <= self.connection.all_field_ids:
                raise
            written = {name: value for name, value in written.items() if name not in refused}
            self._quietly("PUT", path, key, body | {"fields": written})
        written.pop("description", None)
        return written

    def description(self, key: str) -> Node | None:
        """Return a story's description as it is just now."""
        path = f"{self.connection.rest}/issue/{key}"
        issue = self.call("GET", path, params={"fields": "description"})
        return description_of(issue["fields"].get("description"))

    def write_comment(
        self, key: str, body: Node, comment_id: str | None = None, *, may_make: bool = True
    ) -> str | None:
        """Write our one comment of a story; returns its id, or None where there is none to write.

        The known comment is edited in place. Where it is gone, not known or somebody else has
        changed it, an earlier one of ours is looked for, because a creation may have happened
        unnoticed; then one is made, unless `may_make` forbids it. What people wrote into our
        comment stays.
        """
        path = f"{self.connection.rest}/issue/{key}/comment"
        ours = comment_id if comment_id and self._is_still_ours(f"{path}/{comment_id}") else None
        ours = ours or self.find_comment(key)
        content = {"body": self._rich(body)}
        if ours is not None:
            self._quietly("PUT", f"{path}/{ours}", key, content)
            return ours
        if not may_make:
            return None
        self.make_room(key)
        return str(self.call("POST", path, body=content)["id"])

    def find_comment(self, key: str) -> str | None:
        """Return the id of our comment on a story: by our account, beginning with our heading."""
        path = f"{self.connection.rest}/issue/{key}/comment"
        comments = self.pages(path, {"orderBy": "created"}, items="comments")
        return next((str(one["id"]) for one in comments if self._is_ours(one)), None)

    def _is_still_ours(self, path: str) -> bool:
        """Whether a comment is there and nobody else has written into it."""
        try:
            comment = self.call("GET", path)
        except JiraFailure as failure:
            if failure.status != 404:
                raise
            return False
        return _is_untouched(comment)

    def story_property(self, key: str, name: str = PROPERTY_KEY) -> Any:
        """Return the value of an issue property, None when it is not set."""
        return self._property(f"{self.connection.rest}/issue/{key}/properties/{name}")

    def sprint_property(self, sprint_id: int, name: str = PROPERTY_KEY) -> Any:
        """Return the value of a Sprint property, None when it is not set."""
        return self._property(f"{AGILE}/sprint/{sprint_id}/properties/{name}")

    def write_sprint_property(
        self, sprint_id: int, value: object, name: str = PROPERTY_KEY
    ) -> None:
        """Set a Sprint property."""
        self.call("PUT", f"{AGILE}/sprint/{sprint_id}/properties/{name}", body=value)

    def move_to_backlog(self, keys: Sequence[str]) -> None:
        """Take stories out of their future and active Sprints."""
        for start in range(0, len(keys), MOST_MOVED):
            some = list(keys[start : start + MOST_MOVED])
            self.call("POST", f"{AGILE}/backlog/issue", body={"issues": some}, idempotent=True)

    def _property(self, path: str) -> Any:
        try:
            return self.call("GET", path)["value"]
        except JiraFailure as failure:
            if failure.status == 404:
                return None
            raise

    def _quietly(self, method: str, path: str, key: str, body: object) -> None:
        """Write without mails; suppressing them needs rights that some accounts do not have."""
        self.make_room(key)
        project = key.rpartition("-")[0]
        if project in self._loud_projects:
            self.call(method, path, body=body)
            return
        try:
            self.call(method, path, params={"notifyUsers": "false"}, body=body)
        except JiraFailure as failure:
            if failure.status != 403:
                raise
        else:
            return
        self.make_room(key)
        self.call(method, path, body=body)
        # It went through with mails, so it was the silence that was refused.
        self._loud_projects |= {project}

    def _rich(self, document: Node) -> Node | str:
        return document if self.connection.is_cloud else to_wiki(document)

    def _is_ours(self, comment: Mapping[str, Any]) -> bool:
        body = comment.get("body") or {}
        document = from_wiki(body) if isinstance(body, str) else body
        first: Node = next(iter(document.get("content") or ()), {})
        by_us = self.connection.account_id == id_of(comment.get("author"))
        return by_us and _is_untouched(comment) and plain_text(first).strip() == HEADING


def _email(person: Mapping[str, Any]) -> str:
    return str(person.get("emailAddress") or "").casefold()


def _is_untouched(comment: Mapping[str, Any]) -> bool:
    author = comment.get("author")
    return id_of(comment.get("updateAuthor") or author) == id_of(author)
