"""One call after the other: holds, captures, voids, expiries, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from integration.backlog.story import Membership
from integration.caps import queries as cap_queries
from integration.caps.policy import Denied, Granted
from integration.foundation.errors import Conflict, InvalidInput, NotFound
from integration.journeys.fitting_models import Fitting
from integration.ledger import queries as ledger
from integration.mailbox import queries as mailbox
from integration.workspaces import queries as workspace_queries
from tests.journeys.stage import ACME, END, NOON, START

if TYPE_CHECKING:
    from typing import Any

    from tests.journeys.stage import Stage

HOUR = timedelta(hours=1)


def test_a_granted_call_is_held_and_its_usage_takes_the_place_of_the_hold(stage: Stage) -> None:
    stage.cap(1000)
    assert isinstance(stage.asks("a", 400).decision, Granted)
    assert stage.stands() == (0, 400)
    stage.uses("a", 150)
    assert stage.stands() == (150, 0)
    assert stage.state("a") == "captured"


def test_usage_above_the_hold_counts_in_full(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    stage.uses("a", 450)
    assert stage.stands() == (450, 0)


@pytest.mark.parametrize("names", [("a", ""), ("", "a")])
def test_usage_above_the_hold_is_noted_as_overrun(stage: Stage, names: tuple[str, str]) -> None:
    authorization_id, call_id = names
    stage.asks("a", 400)
    stage.uses(authorization_id, 450, call_id=call_id)
    with stage.transactions.begin() as session:
        noted = workspace_queries.audit_of(session, ACME, "authorization:a")
    # gpt-4o: 400 tokens at $10 per million held, 450 spent.
    assert [line.detail for line in noted] == [
        {
            "held_nanousd": 4_000_000, "spent_nanousd": 4_500_000, "held_tokens": 400,
            "spent_tokens": 450,
        }
    ]  # fmt: skip


def test_usage_within_the_hold_is_no_overrun(stage: Stage) -> None:
    stage.asks("a", 400)
    stage.uses("a", 400)
    with stage.transactions.begin() as session:
        assert workspace_queries.audit_of(session, ACME, "authorization:a") == []


def test_exactly_the_limit_fits_and_one_token_more_does_not(stage: Stage) -> None:
    stage.cap(1000)
    assert isinstance(stage.asks("a", 1000).decision, Granted)
    denied = stage.asks("b", 1).decision
    assert isinstance(denied, Denied)
    assert (denied.limit, denied.spent, denied.held, denied.requested) == (1000, 0, 1000, 1)


def test_a_call_needs_room_under_every_cap_that_covers_it(stage: Stage) -> None:
    stage.cap(1000)
    stage.cap(300, "po", scope_kind="product_owner", scope_value="robin", sprint_id=14)
    denied = stage.asks("a", 400).decision
    assert isinstance(denied, Denied)
    assert denied.cap_id == "po"
    assert stage.stands() == (0, 0)


def test_a_repeated_request_holds_once_and_another_amount_under_its_id_is_refused(
    stage: Stage,
) -> None:
    stage.cap(1000)
    first = stage.asks("a", 400)
    assert stage.asks("a", 400) == first
    assert stage.stands() == (0, 400)
    with pytest.raises(Conflict, match="another request"):
        stage.asks("a", 401)


@pytest.mark.parametrize("ending", ["captured", "void", "expired"])
def test_the_id_of_an_ended_call_grants_nothing_any_more(stage: Stage, ending: str) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    if ending == "captured":
        stage.uses("a", 400)
    elif ending == "void":
        stage.voids("a")
    else:
        stage.expires(NOON + HOUR)
    assert stage.state("a") == ending
    with pytest.raises(Conflict, match=ending):
        stage.asks("a", 400)


def test_a_hold_whose_time_is_up_is_not_granted_again_before_the_worker_ends_it(
    stage: Stage,
) -> None:
    stage.asks("a", 400)
    with pytest.raises(Conflict, match="expired"):
        stage.asks("a", 400, NOON + HOUR)


def test_a_denied_id_may_ask_again_and_is_counted_once(stage: Stage) -> None:
    stage.cap(100)
    for _ in range(3):
        assert stage.asks("a", 400).state == "denied"
    with stage.transactions.begin() as session:
        assert cap_queries.denials(session, ACME) == {"sprint-14": (1, 400)}
    with pytest.raises(Conflict):
        stage.asks("a", 50)
    stage.cap(1000)
    assert stage.asks("a", 400).state == "held"
    assert stage.stands() == (0, 400)


def test_a_void_call_gives_its_hold_back_once(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    stage.voids("a")
    stage.voids("a")
    assert stage.stands() == (0, 0)
    with pytest.raises(NotFound):
        stage.voids("unheard-of")


def test_what_was_denied_or_captured_cannot_be_voided(stage: Stage) -> None:
    stage.cap(500)
    stage.asks("a", 400)
    stage.uses("a", 400)
    stage.asks("b", 400)
    for name in ("a", "b"):
        with pytest.raises(Conflict):
            stage.voids(name)
    assert stage.stands() == (400, 0)


def test_an_expired_hold_becomes_estimated_spend_and_its_late_usage_corrects_it(
    stage: Stage,
) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    assert stage.expires(NOON + HOUR) == 1
    assert stage.stands() == (400, 0)
    with stage.transactions.begin() as session:
        (entry,) = next(ledger.standing_entries(session, ACME, days=[NOON.date()]))
    assert (entry.kind, entry.story_key, entry.sprint_id) == ("expired_hold", "SHOP-1", 14)
    stage.uses("a", 150, NOON + HOUR)
    assert stage.stands() == (150, 0)
    assert stage.state("a") == "captured"


def test_late_usage_finds_the_estimate_after_its_story_changed_sprint(stage: Stage) -> None:
    stage.cap(1000)
    stage.sprint(15)
    stage.cap(1000, "sprint-15", scope_value="15")
    stage.asks("a", 400)
    stage.expires(NOON + HOUR)
    stage.story(1, Membership(15, START), updated_at=NOON + HOUR)
    assert stage.stands() == (0, 0)
    assert stage.stands("sprint-15") == (400, 0)
    stage.uses("a", 150, NOON + HOUR)
    assert stage.stands() == (0, 0)
    assert stage.stands("sprint-15") == (150, 0)


def test_the_estimate_of_a_sub_task_stands_on_its_story(stage: Stage) -> None:
    stage.cap(1000)
    stage.story(9, is_subtask=True, parent_key="SHOP-1")
    stage.asks("a", 400, story_key="SHOP-9")
    assert stage.stands() == (0, 400)
    stage.expires(NOON + HOUR)
    assert stage.stands() == (400, 0)


def test_a_failed_attempt_keeps_its_hold_for_a_minute_and_then_costs_nothing(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    stage.uses("a", 0, outcome="failed")
    assert stage.stands() == (0, 400)
    assert stage.expires(NOON + timedelta(seconds=59)) == 0
    assert stage.expires(NOON + timedelta(seconds=60)) == 1
    assert stage.stands() == (0, 0)
    assert stage.state("a") == "void"


def test_the_attempt_after_a_failed_one_is_captured(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    stage.uses("a", 0, outcome="failed", event_id="first")
    stage.uses("a", 300, event_id="second")
    assert stage.expires(NOON + HOUR) == 0
    assert stage.stands() == (300, 0)


def test_a_hold_is_captured_by_the_gateways_call_id(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("call-7", 400)
    stage.uses("", 100, call_id="call-7")
    assert stage.stands() == (100, 0)


def test_another_spelling_of_the_story_does_not_lead_around_its_cap(stage: Stage) -> None:
    stage.cap(100)
    for number, spelling in enumerate(["shop-1", "jira:SHOP-1", "story:shop-1"]):
        assert isinstance(stage.asks(f"a{number}", 400, story_key=spelling).decision, Denied)


def test_a_call_for_a_story_whose_sprint_has_closed_is_refused(stage: Stage) -> None:
    stage.cap(1000)
    stage.sprint(state="closed", completed_at=NOON)
    with pytest.raises(InvalidInput, match="closed") as refused:
        stage.asks("a", 10, NOON + HOUR)
    assert [error.code for error in refused.value.errors] == ["sprint_closed"]
    # In production the call names the feature it serves, and is no Sprint's.
    assert stage.asks("b", 10, NOON + HOUR, feature="chat").decision == Granted({})


def test_a_story_taken_out_of_its_sprint_before_the_close_may_call(stage: Stage) -> None:
    stage.story(2, Membership(14, START, NOON - HOUR))
    stage.sprint(state="closed", completed_at=NOON)
    assert stage.asks("a", 10, NOON + HOUR, story_key="SHOP-2").state == "held"


def test_without_max_tokens_the_models_own_maximum_is_held(stage: Stage) -> None:
    stage.cap(10**6)
    answer = stage.asks("a", 0, max_output_tokens=None, input_tokens=28_000)
    # The context window of gpt-4o is 128,000 tokens.
    assert answer.amounts.tokens == 128_000
    assert answer.assumptions == ("max_output_tokens:model_maximum:100000",)
    assert stage.asks("a", 0, max_output_tokens=None, input_tokens=28_000) == answer


def test_without_max_tokens_and_without_a_known_maximum_the_field_is_named(stage: Stage) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.asks("a", 0, max_output_tokens=None, model="acme-router-7", provider_name="")
    assert [error.pointer for error in refused.value.errors] == ["/max_output_tokens"]


def test_the_dearest_way_to_read_the_input_is_held(stage: Stage) -> None:
    stage.cap(10**12, unit="usd")
    answer = stage.asks(
        "a", 0, input_tokens=1_000_000, model="claude-sonnet-4-5", provider_name="anthropic"
    )
    # Above 200,000 tokens of input, written to the one-hour cache: $12 per million.
    assert answer.amounts.nanousd == 12_000_000_000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"input_tokens": -1}, "/input_tokens"),
        ({"max_output_tokens": 10**9 + 1}, "/max_output_tokens"),
        ({"ttl_seconds": 0}, "/ttl_seconds"),
        ({"ttl_seconds": 86_401}, "/ttl_seconds"),
        ({"model": ""}, "/model"),
        ({"authorization_id": ""}, "/authorization_id"),
        ({"authorization_id": "a" * 201}, "/authorization_id"),
        ({"story_key": "SHOP-1\0"}, "/story_key"),
        ({"team": "\ud800"}, "/team"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(
    stage: Stage, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.asks(**{"authorization_id": "a", "tokens": 1, **changes})
    assert [error.pointer for error in refused.value.errors] == [field]


def test_a_denial_names_the_cheapest_approved_model_that_would_fit(stage: Stage) -> None:
    # 1,000 output tokens: gpt-4o $0.01, gpt-4o-mini $0.0006, gpt-4.1-mini $0.0016.
    stage.cap(5_000_000, unit="usd", approved_models=("gpt-4o", "gpt-4.1-mini", "gpt-4o-mini"))
    answer = stage.asks("a", 1000)
    assert isinstance(answer.decision, Denied)
    assert answer.fitting.cheapest == "gpt-4o-mini"


def test_a_denial_names_the_greenest_that_would_fit_where_that_is_another(stage: Stage) -> None:
    models = ("gpt-4o-mini", "gpt-5-nano", "gpt-4.1-nano")
    stage.cap(10**9, unit="usd", approved_models=models)
    answer = stage.asks("a", 10_000)
    assert isinstance(answer.decision, Denied)
    needed = {model: stage.asks(model, 10_000, model=model).amounts for model in models}
    cheapest = min(needed, key=lambda model: (needed[model].nanousd, model))
    greenest = min(needed, key=lambda model: (needed[model].ugco2e, model))
    assert answer.fitting == Fitting(cheapest, greenest if greenest != cheapest else "")


def test_without_a_list_the_models_that_the_sprint_uses_are_offered(stage: Stage) -> None:
    stage.uses("", 10, event_id="x", request_model="gpt-4o-mini")
    stage.uses("", 10, event_id="y", request_model="gpt-4.1")
    stage.cap(5_000_000, unit="usd")
    assert stage.asks("a", 1000).fitting.cheapest == "gpt-4o-mini"


def test_a_model_that_is_held_back_by_its_own_cap_is_not_offered(stage: Stage) -> None:
    stage.uses("", 10, event_id="x", request_model="gpt-4o-mini")
    stage.cap(5_000_000, unit="usd")
    stage.cap(1, "mini", scope_kind="model", scope_value="gpt-4o-mini", unit="usd")
    assert stage.asks("a", 1000).fitting == Fitting()


def test_nothing_is_offered_where_nothing_would_fit(stage: Stage) -> None:
    stage.cap(100, approved_models=("gpt-4o", "gpt-4o-mini"))
    assert stage.asks("a", 1000).fitting == Fitting()


def test_a_loop_at_its_cap_promises_one_notice_a_minute(stage: Stage) -> None:
    stage.cap(100)
    for second in range(0, 180, 10):
        stage.asks(f"a{second}", 400, NOON + timedelta(seconds=second))
    with stage.transactions.begin() as session:
        notice = mailbox.promised(session, ACME, "slack.cap_notice", "sprint-14:denied:100")
    assert notice is not None
    # The versions of 0:00, 1:00 and 2:00.
    assert notice.version == 3
    assert notice.body["cap"]["denied_calls"] == 13


def test_holds_of_a_removed_story_tag_are_held_under_no_story_cap(stage: Stage) -> None:
    stage.cap(100, "story", scope_kind="story", scope_value="SHOP-1")
    answer = stage.asks("a", 400, story_key="not a story")
    assert answer.decision == Granted({})
    assert answer.assumptions == ("story_key:not_a_known_story",)


def test_a_sprint_window_covers_a_call_by_the_sprint_of_its_story(stage: Stage) -> None:
    stage.cap(100, "all", scope_kind="workspace", scope_value="acme", sprint_id=14)
    assert isinstance(stage.asks("a", 400, END - HOUR).decision, Denied)
    assert isinstance(stage.asks("b", 400, story_key="").decision, Granted)
