"""Comments over REST: ADF in version 3, wiki markup in version 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.adf import is_adf
from integration.sandbox.jira.announcements import announce_comment
from integration.sandbox.jira.beans import IssueWriter
from integration.sandbox.jira.issues import touch
from integration.sandbox.jira.refusals import bad_request, not_found
from integration.sandbox.jira.rich_html import adf_html
from integration.sandbox.jira.state import Comment
from integration.sandbox.jira.wiki_to_adf import wiki_to_adf
from integration.sandbox.jira.wire import body, listed, me, nothing, site, version, window

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Issue

comments_api = Blueprint("comments", __name__)


def _read_body(given: Json) -> JsonObject:
    if version() == "2":
        document = wiki_to_adf(given) if isinstance(given, str) else None
        if document is None:
            raise bad_request(comment="Comment body can not be empty!")
        return document
    if isinstance(given, dict):
        site().adf_received.append(given)
    if not is_adf(given) or not given["content"]:
        raise bad_request(comment="Comment body is not valid!")
    return dict(given)


def add_comment(issue: Issue, payload: JsonObject) -> Comment:
    """Append a comment; raises 400 when its body is not in the version's form."""
    now = site().now()
    author = me().account_id
    comment = Comment(
        site().next_id("comment"), author, _read_body(payload.get("body")), now, now, author
    )
    comment.visibility = payload.get("visibility")
    comment.properties = payload.get("properties") or []
    touch(site(), issue)
    issue.comments.append(comment)
    return comment


def _bean(issue: Issue, comment: Comment) -> JsonObject:
    bean = IssueWriter(site(), version()).comment(issue, comment)
    if "renderedBody" in listed("expand"):
        bean["renderedBody"] = adf_html(comment.body)
    if "properties" in listed("expand"):
        bean["properties"] = comment.properties
    return bean


def _find(issue: Issue, comment_id: str) -> Comment:
    for comment in issue.comments:
        if str(comment.id) == comment_id:
            return comment
    raise not_found(f"Can not find a comment for the id: {comment_id}.")


@comments_api.get("/issue/<key>/comment")
def list_comments(key: str) -> Response:
    """List comments, oldest first unless asked otherwise."""
    issue = site().issue(key)
    comments = list(issue.comments)
    if request.args.get("orderBy") == "-created":
        comments.reverse()
    cut, start, size = window(comments, most=100, top=5000)
    beans = [_bean(issue, comment) for comment in cut]
    answer = {"startAt": start, "maxResults": size, "total": len(comments), "comments": beans}
    return jsonify(answer)


@comments_api.post("/issue/<key>/comment")
def create(key: str) -> tuple[Response, int]:
    """Add a comment."""
    issue = site().issue(key)
    comment = add_comment(issue, body())
    announce_comment(site(), "created", issue, comment)
    return jsonify(_bean(issue, comment)), 201


@comments_api.get("/issue/<key>/comment/<comment_id>")
def get(key: str, comment_id: str) -> Response:
    """Show a comment."""
    issue = site().issue(key)
    return jsonify(_bean(issue, _find(issue, comment_id)))


@comments_api.put("/issue/<key>/comment/<comment_id>")
def edit(key: str, comment_id: str) -> Response:
    """Replace a comment's body in place."""
    issue = site().issue(key)
    comment = _find(issue, comment_id)
    comment.body = _read_body(body().get("body"))
    comment.updated = site().now()
    comment.update_author = me().account_id
    touch(site(), issue)
    announce_comment(site(), "updated", issue, comment)
    return jsonify(_bean(issue, comment))


@comments_api.delete("/issue/<key>/comment/<comment_id>")
def delete(key: str, comment_id: str) -> Response:
    """Delete a comment."""
    issue = site().issue(key)
    comment = _find(issue, comment_id)
    issue.comments.remove(comment)
    touch(site(), issue)
    announce_comment(site(), "deleted", issue, comment)
    return nothing()
