"""Remote links, attachments and watchers over REST: the little that clients ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.issues import touch
from integration.sandbox.jira.people import user_bean
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request, not_found
from integration.sandbox.jira.wire import body, me, nothing, rest_url, site, stamp, version

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Issue

links_api = Blueprint("links", __name__)
_LINK_KEYS = ("globalId", "application", "relationship", "object")


@links_api.get("/issue/<key>/remotelink")
def remote_links(key: str) -> Response:
    """List an issue's links to elsewhere, or the one with a global id."""
    issue = site().issue(key)
    wanted = request.args.get("globalId")
    if wanted is None:
        return jsonify(issue.links)
    for link in issue.links:
        if link.get("globalId") == wanted:
            return jsonify(link)
    raise not_found("A remote issue link with the given global id does not exist.")


@links_api.post("/issue/<key>/remotelink")
def add_remote_link(key: str) -> tuple[Response, int]:
    """Add a link, or replace the one with the same global id."""
    issue = site().issue(key)
    payload = body()
    target = payload.get("object") or {}
    if not target.get("url") or not target.get("title"):
        raise bad_request(title="'title' is required.", url="'url' is required.")
    link = {name: payload[name] for name in _LINK_KEYS if payload.get(name) is not None}
    known = next(
        (x for x in issue.links if link.get("globalId") and x.get("globalId") == link["globalId"]),
        None,
    )
    number = known["id"] if known else site().next_id("remotelink")
    whole = {"id": number, "self": rest_url(f"issue/{issue.key}/remotelink/{number}"), **link}
    if known:
        issue.links[issue.links.index(known)] = whole
    else:
        issue.links.append(whole)
    return jsonify({"id": number, "self": whole["self"]}), 200 if known else 201


@links_api.get("/issue/<key>/remotelink/<int:link_id>")
def remote_link(key: str, link_id: int) -> Response:
    """Show a link."""
    return jsonify(_link(site().issue(key), link_id))


@links_api.delete("/issue/<key>/remotelink/<int:link_id>")
def delete_remote_link(key: str, link_id: int) -> Response:
    """Remove a link."""
    issue = site().issue(key)
    issue.links.remove(_link(issue, link_id))
    return nothing()


def _link(issue: Issue, link_id: int) -> JsonObject:
    for link in issue.links:
        if link["id"] == link_id:
            return link
    raise not_found("The remote link was not found.")


@links_api.post("/issue/<key>/attachments")
def attach(key: str) -> Response:
    """Attach files; only name, type and size are kept, not the content."""
    issue = site().issue(key)
    if request.headers.get("X-Atlassian-Token") != "no-check":
        raise JiraRefusalError(403, "XSRF check failed")
    made: list[JsonObject] = []
    for upload in request.files.getlist("file"):
        number = site().next_id("attachment")
        made.append(
            {
                "self": rest_url(f"attachment/{number}"),
                "id": str(number),
                "filename": upload.filename or "file",
                "author": user_bean(site(), me().account_id, version()),
                "created": stamp(site().now()),
                "size": len(upload.read()),
                "mimeType": upload.mimetype,
                "content": rest_url(f"attachment/content/{number}"),
            }
        )
    touch(site(), issue)
    issue.attachments.extend(made)
    return jsonify(made)
