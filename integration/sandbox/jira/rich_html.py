"""Renders ADF as HTML through the page templates (everything escaped there)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from integration.sandbox.jira.fields import is_rich_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Field, Issue


def adf_html(document: JsonObject | None) -> str:
    """Return HTML for a document; empty for none."""
    if document is None:
        return ""
    return render_template("sandbox/jira/adf.html", document=document).strip()


def rendered_fields(issue: Issue, fields: Sequence[Field]) -> JsonObject:
    """Return `renderedFields`: HTML for rich text, null for what is not rendered."""
    return {
        field.id: adf_html(issue.values.get(field.id)) if is_rich_text(field) else None
        for field in fields
    }
