"""The charts of a closed Sprint, in the thread of its summary: each once for each revision.

Slack gives a file its id before its bytes are sent. The id is kept in the receipt first, so that
whoever tries again after a crash asks Slack about that file instead of sending another one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.foundation.errors import DeliveryFailed
from integration.jobs.slack_post import Post, Receipt
from integration.jobs.slack_senders import receipt_of, report_of, team_of, words_of
from integration.journeys.close_sprint import REVIEW
from integration.mailbox import store as mailbox
from integration.reports.chart_specs import burn_up_spec, stories_spec
from integration.reports.chart_words import chart_words
from integration.reports.pictures import png
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.jobs.house import House
    from integration.mailbox.claims import Promise
    from integration.reports.chart_look import Spec, Theme
    from integration.reports.chart_words import ChartWords
    from integration.reports.shapes import SprintReport
    from integration.slack.client import SlackGateway

CHARTS: dict[str, Callable[[SprintReport, Theme, ChartWords], Spec]] = {
    "burn_up": burn_up_spec, "stories": stories_spec,
}  # fmt: skip
REVIEW_FIRST = timedelta(seconds=2)


def post_sprint_charts(house: House, promise: Promise) -> Receipt:
    """Upload the charts of one revision into the thread of the Sprint's summary."""
    sprint_id, revision = int(promise.body["sprint_id"]), int(promise.body["revision"])
    report = report_of(house, promise.workspace_id, sprint_id, revision)
    if not report.totals.calls and not report.totals.list_cost_nanousd:
        return {}
    review = receipt_of(house, promise.workspace_id, REVIEW, f"sprint:{sprint_id}")
    if not review.get("ts"):
        raise DeliveryFailed(
            "The summary is not posted yet", permanent=False, retry_after=REVIEW_FIRST
        )
    team = team_of(house, promise.workspace_id, name=report.sprint.team)
    with house.transactions.begin() as session:
        locale = workspaces.find(session, promise.workspace_id).locale
    words = chart_words(house.wordings, promise.workspace_id, locale)
    captions = words_of(house, promise.workspace_id, team).chart_captions(report)

    def act(gateway: SlackGateway, _: str) -> Receipt:
        receipt = dict(promise.receipt)
        for name, spec in CHARTS.items():
            if receipt.get(name) and gateway.is_shared(str(receipt[name])):
                continue
            picture = png(spec(report, "light", words))
            caption = captions[name]
            file_id, address = gateway.reserve_upload(
                picture, filename=f"{name}.png", alt_text=caption["alt"]
            )
            receipt[name] = file_id
            with house.transactions.begin() as session:
                mailbox.note_receipt(session, promise, receipt)
            gateway.send_bytes(address, picture)
            gateway.share(
                file_id, str(review["channel"]), title=caption["title"],
                thread_ts=str(review["ts"]),
            )  # fmt: skip
        return receipt

    return Post(house, promise, team).reach(act)
