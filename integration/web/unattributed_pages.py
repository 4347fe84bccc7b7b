"""Spend on no story: what it is, who sent it, and giving it to a story by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from integration.backlog import store as backlog
from integration.foundation.errors import InvalidInput, StoryMeterError
from integration.journeys.correct_entries import Correction, move_spend
from integration.reports.unattributed import unattributed
from integration.web.access import people, person
from integration.web.forms import done, status_of
from integration.web.page_frame import now, page, page_blueprint
from integration.web.sent_fields import SentFields
from integration.web.service import service
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import date

    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

unattributed_pages = page_blueprint("unattributed_pages")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to give to which story."""

    story_key: str
    first: date
    last: date
    team: str
    feature: str
    model: str
    reason: str


@unattributed_pages.get("/<workspace_id>/unattributed")
@people()
def show_unattributed(workspace_id: str) -> Response:
    """Show what was spent on no story, and who sent it."""
    return _page(workspace_id)


@unattributed_pages.post("/<workspace_id>/unattributed")
@people("member")
def post_unattributed(workspace_id: str) -> AnyResponse:
    """Show what a move would do; move it once somebody says so."""
    is_applied = request.form.get("step") == "move"
    try:
        wish = _wish(workspace_id, SentFields(request.form))
        found = move_spend(
            service().across, workspace_id, from_story="", to_story=wish.story_key,
            first=wish.first, last=wish.last, team=wish.team, feature=wish.feature,
            model=wish.model, is_applied=is_applied, actor=person().actor, reason=wish.reason,
            now=now(),
        )  # fmt: skip
    except InvalidInput as refusal:
        return _page(workspace_id, refusal=refusal)
    if not is_applied or not found.entries:
        return _page(workspace_id, preview=found)
    return done(
        f"/{workspace_id}/unattributed", "moved", story=wish.story_key, entries=found.entries,
        cost=found.list_cost_after_nanousd,
    )  # fmt: skip


def _wish(workspace_id: str, sent: SentFields) -> Wish:
    story_key = sent.needed("story_key", "name the story that it was for").upper()
    first, last = sent.day("first_day"), sent.day("last_day")
    reason = sent.needed("reason", "say how you know")
    if first is None or last is None or first > last:
        sent.fault("last_day", "give a first and a last day, in this order")
    with service().transactions.begin() as session:
        if story_key and backlog.story(session, workspace_id, story_key) is None:
            sent.fault("story_key", f"there is no story {story_key} in this workspace")
    sent.check()
    day = now().date()
    return Wish(
        story_key, first or day, last or day, sent.text("team"), sent.text("feature"),
        sent.text("model"), reason,
    )  # fmt: skip


def _page(
    workspace_id: str, *, refusal: StoryMeterError | None = None, preview: Correction | None = None
) -> Response:
    day = SentFields(request.args).day("day")
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        found = unattributed(session, workspace_id, now=now(), day=day)
        return page(
            "unattributed.html", session, workspace, now(), status=status_of(refusal),
            unattributed=found, refusal=refusal, preview=preview, sent=request.values,
        )  # fmt: skip
