"""From a labelled story to its actuals, through the doors that people and clients use."""

from __future__ import annotations

from math import exp, hypot, log
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from integration.jobs.catch_up import catch_up
from integration.jobs.timetable import run_due
from integration.mailbox import store as mailbox
from tests.journeys.acme_house import WORKSPACE, acme_house
from tests.journeys.worked_figures import PRICES, Tokens, carbon, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from integration.foundation.database import Transactions
    from tests.journeys.acme_house import AcmeHouse

MODEL, ZONE = "gpt-4o-mini", "USA"
HEADINGS = (
    "Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens", "Cached share",
    "Region",
)  # fmt: skip
FILLED_IN = ("Chat answers", MODEL, "1,000", "1.2k", "300", "50%", "us-east-1")
PLAN = Tokens(calls=1000, given=1000 * 1200, cached=1000 * 600, made=1000 * 300)
NUMBERS = (
    "estimated_tokens_low", "estimated_tokens", "estimated_tokens_high", "estimated_cost_usd_low",
    "estimated_cost_usd", "estimated_cost_usd_high", "estimated_kgco2e_low", "estimated_kgco2e",
    "estimated_kgco2e_high", "actual_tokens", "actual_cost_usd", "actual_kgco2e", "variance_pct",
)  # fmt: skip
Z = 1.2815515594600038  # Standard normal quantile of 0.9.
DATES = {"startDate": "2026-11-02T09:00:00.000Z", "endDate": "2026-11-16T09:00:00.000Z"}


def wiki(*row: str) -> str:
    """The template as Jira's REST API 2 takes it."""
    bars = f"||{'||'.join(HEADINGS)}||\n|{'|'.join(cell or ' ' for cell in row)}|"
    return f"Customers ask, we answer.\n\nh3. AI Cost & Carbon\n\n{bars}"


def adf(*row: str) -> dict[str, Any]:
    """The template as Jira's REST API 3 takes it."""

    def line(kind: str, cells: tuple[str, ...]) -> dict[str, Any]:
        texts = [[{"type": "text", "text": cell}] if cell else [] for cell in cells]
        inside = [[{"type": "paragraph", "content": content}] for content in texts]
        return {"type": "tableRow", "content": [{"type": kind, "content": c} for c in inside]}

    heading = {"type": "text", "text": "AI Cost & Carbon"}
    return {
        "type": "doc", "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 3}, "content": [heading]},
            {"type": "table", "content": [line("tableHeader", HEADINGS), line("tableCell", row)]},
        ],
    }  # fmt: skip


def closed_by_the_library(acme: AcmeHouse, sprint_id: int) -> None:
    acme.library().update_sprint(sprint_id, state="closed")


def closed_by_a_post(acme: AcmeHouse, sprint_id: int) -> None:
    answer = acme.http.post(
        f"{acme.jira.base_url}/rest/agile/1.0/sprint/{sprint_id}", json={"state": "closed"},
        auth=("ada@example.com", "ada-token"), timeout=10,
    )  # fmt: skip
    assert answer.ok, answer.text


class Way(NamedTuple):
    """How people write the story and close the Sprint."""

    version: str
    template: Callable[..., Any]
    close: Callable[[AcmeHouse, int], None]


WAYS = {
    "wiki-and-library": Way("2", wiki, closed_by_the_library),
    "adf-and-post": Way("3", adf, closed_by_a_post),
}


@pytest.fixture
def acme(engine: Engine, transactions: Transactions) -> Iterator[AcmeHouse]:
    with acme_house(engine, transactions) as house:
        yield house


def written(acme: AcmeHouse, way: Way, *row: str) -> str:
    """Let a person create a story with the `jira` library."""
    more: dict[str, Any] = {"description": way.template(*row)} if row else {}
    made = acme.library(way.version).create_issue(
        project="SHOP", issuetype="Story", summary="Answer in chat", labels=["ai"], **more
    )
    acme.settle()
    return str(made.key)


def started_sprint(acme: AcmeHouse, *story_keys: str) -> int:
    people = acme.library()
    sprint_id = int(people.create_sprint("Sprint 1", acme.board_id).id)
    people.add_issues_to_sprint(sprint_id, list(story_keys))
    people.update_sprint(sprint_id, state="active", **DATES)
    acme.settle()
    return sprint_id


def call(acme: AcmeHouse, number: int, used: Tokens, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"call-{number}", "response_id": f"resp-{number}",
        "occurred_at": acme.clock.now().isoformat(), "provider_name": "openai",
        "request_model": MODEL, "region": "us-east-1", "calls": used.calls,
        "input_tokens": used.given, "cache_read_input_tokens": used.cached,
        "output_tokens": used.made, **more,
    }  # fmt: skip


USED = (Tokens(1, 1100, 500, 280), Tokens(1, 90_000, 0, 4_100), Tokens(40, 48_000, 24_000, 9_999))
ALL_USED = Tokens(42, 139_100, 24_500, 14_379)


def spread(log_sd: float, down: float = 0.0, up: float = 0.0) -> tuple[float, float]:
    """P10/P50 and P90/P50: use is lognormal, a factor's own range errs independently of it."""
    return exp(-hypot(Z * log_sd, down)), exp(hypot(Z * log_sd, up))


def use_log_sd(input_share: float) -> float:
    """Chat: calls within a factor 3.5 four times of five; lengths from ten calls looked at."""
    return hypot(log(3.5) / Z, input_share * 0.32, (1 - input_share) * 0.48)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_labelled_story_gets_the_estimate_that_its_table_works_out_to(
    acme: AcmeHouse, way: Way
) -> None:
    found = acme.figures(written(acme, way, *FILLED_IN))

    # 1000 · (1200 + 300) tokens, of which input makes 0.8.
    assert found["estimated_tokens"] == 1_500_000
    low, high = spread(use_log_sd(0.8))
    assert found["estimated_tokens_low"] == pytest.approx(1_500_000 * low, rel=1e-5)
    assert found["estimated_tokens_high"] == pytest.approx(1_500_000 * high, rel=1e-5)

    # 1000 · (600 · $0.15 + 600 · $0.075 + 300 · $0.60) / 10⁶; input costs 135 of 315.
    assert found["estimated_cost_usd"] == 0.315
    low, high = spread(use_log_sd(135 / 315))
    assert found["estimated_cost_usd_low"] == pytest.approx(0.315 * low, rel=1e-5)
    assert found["estimated_cost_usd_high"] == pytest.approx(0.315 * high, rel=1e-5)

    # Energy · grid factor + embodied, each from the tables' rows, in kilograms.
    cases = [float(carbon(MODEL, ZONE, c).ugco2e(PLAN)) for c in ("low", "central", "high")]
    central = carbon(MODEL, ZONE)
    made_uwh = central.energy_uwh(Tokens(PLAN.calls, PLAN.given, PLAN.cached, 0))
    share = float(made_uwh / central.energy_uwh(PLAN))
    low, high = spread(use_log_sd(share), log(cases[1] / cases[0]), log(cases[2] / cases[1]))
    kilograms = cases[1] / 1e9
    assert found["estimated_kgco2e"] == pytest.approx(kilograms, rel=1e-5)
    assert found["estimated_kgco2e_low"] == pytest.approx(kilograms * low, rel=1e-5)
    assert found["estimated_kgco2e_high"] == pytest.approx(kilograms * high, rel=1e-5)

    assert found["actual_tokens"] is None
    assert found["actual_cost_usd"] is None
    assert found["inputs_missing"] is None


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_usage_and_the_end_of_the_sprint_fill_the_actual_fields(acme: AcmeHouse, way: Way) -> None:
    story = written(acme, way, *FILLED_IN)
    sprint_id = started_sprint(acme, story)
    counts = acme.report(*(call(acme, n, used, story_key=story) for n, used in enumerate(USED)))
    assert counts["accepted"] == 3
    acme.settle()
    assert acme.figures(story)["actual_tokens"] is None, "Jira stays quiet while the Sprint runs"

    acme.clock.tick(days=13)
    way.close(acme, sprint_id)
    acme.settle()

    found = acme.figures(story)
    assert found["actual_tokens"] == 139_100 + 14_379
    # (114,600 · $0.15 + 24,500 · $0.075 + 14,379 · $0.60) / 10⁶, each call exact in nano-USD.
    assert found["actual_cost_usd"] == 0.0276549
    assert sum(PRICES[MODEL].nanousd(used) for used in USED) == 27_654_900
    grams = carbon(MODEL, ZONE)
    expected = sum(whole(grams.ugco2e(used)) for used in USED)
    assert found["actual_kgco2e"] == pytest.approx(expected / 1e9, rel=1e-5)
    assert found["variance_pct"] == pytest.approx(100 * (0.0276549 - 0.315) / 0.315, rel=1e-5)
    reviews = [message for message in acme.messages() if "Sprint 1" in str(message["text"])]
    assert len(reviews) == 1
    (report,) = [acme.ask("GET", f"/v1/sprints/{sprint_id}", "read").json()]
    assert report["revision"] == 1
    assert report["ledger_agrees"] is True


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_doing_each_step_twice_changes_nothing(acme: AcmeHouse, way: Way) -> None:
    story = written(acme, way, *FILLED_IN)
    before = acme.everything(story)
    assert before["rows"]["estimate"] == {"rows": 1}
    catch_up(acme.house, WORKSPACE, everything=True)
    again(acme)
    assert acme.everything(story) == before

    sprint_id = started_sprint(acme, story)
    events = [call(acme, n, used, story_key=story) for n, used in enumerate(USED)]
    acme.report(*events)
    before = acme.everything(story)
    assert acme.report(*events)["duplicates"] == 3
    again(acme)
    assert acme.everything(story) == before

    acme.clock.tick(days=13)
    way.close(acme, sprint_id)
    acme.settle()
    assert run_due(acme.house)
    acme.settle()
    before = acme.everything(story)
    assert before["rows"]["sprint_reconciliation"] == {"rows": 1}
    assert acme.report(*events)["duplicates"] == 3
    catch_up(acme.house, WORKSPACE, everything=True)
    again(acme)
    assert run_due(acme.house)
    acme.settle()
    assert acme.everything(story) == before


def again(acme: AcmeHouse) -> None:
    """Send all webhooks again, as themselves and as new ones, and read what was received again."""
    assert set(acme.deliver_again(as_new=False)) == {202}
    assert set(acme.deliver_again(as_new=True)) == {202}
    acme.settle()
    with acme.service.transactions.begin() as session:
        assert mailbox.replay(session, WORKSPACE, acme.clock.now(), states=["handled", "ignored"])
    acme.settle()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_story_with_missing_inputs_is_told_and_stays_empty(acme: AcmeHouse, way: Way) -> None:
    story = written(acme, way, "Chat answers", MODEL, "", "1.2k", "", "", "")
    found = acme.figures(story)
    assert {name: found[name] for name in NUMBERS} == dict.fromkeys(NUMBERS)
    assert "calls" in found["inputs_missing"]
    assert "output tokens" in found["inputs_missing"]
    assert "input tokens" not in found["inputs_missing"]


def test_a_bare_story_gets_the_template_once_and_an_estimate_once_it_is_filled_in(
    acme: AcmeHouse,
) -> None:
    story = written(acme, WAYS["wiki-and-library"])
    assert acme.description(story).count("AI Cost & Carbon") == 1
    found = acme.figures(story)
    assert {name: found[name] for name in NUMBERS} == dict.fromkeys(NUMBERS)
    acme.library().issue(story).update(description=wiki(*FILLED_IN))
    acme.settle()
    assert acme.figures(story)["estimated_cost_usd"] == 0.315
    assert acme.description(story).count("AI Cost & Carbon") == 1


def test_a_story_without_the_label_is_left_alone(acme: AcmeHouse) -> None:
    made = acme.library().create_issue(project="SHOP", issuetype="Story", summary="New colours")
    acme.settle()
    assert set(acme.figures(made.key).values()) == {None}
    assert acme.everything(made.key)["promises"] == {}
