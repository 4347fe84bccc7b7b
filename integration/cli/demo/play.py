"""The Sprint, from refinement to the review."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from integration.cli.demo import acme
from integration.cli.demo.people import StepDidNotHappen, table
from integration.cli.demo.sights import digest, mentions, own_story, settle, with_button
from integration.cli.demo.traffic import SPIKE_HOUR, calls_of, fine_tune, unattributed_calls
from integration.cli.demo.world import DEVELOPER, PRODUCT_OWNER

if TYPE_CHECKING:
    from integration.cli.demo.narrator import Narrator
    from integration.cli.demo.world import World

DAYS = 13
SPIKE_DAY = 8
SEED = 7
CAP_ID = "sprint-7"
CAP_USD = "72"
RAISED_USD = "110"
COST = "AI estimated cost USD"
Json = dict[str, Any]


@dataclass(slots=True)
class Sprint:
    """What the play knows as it goes on."""

    world: World
    narrator: Narrator
    midnight: datetime
    """The start of the Sprint's first day."""
    keys: dict[str, str] = field(default_factory=dict)
    """Story key by summary."""
    sprint_id: int = 0
    next_sprint_id: int = 0
    events: list[Json] = field(default_factory=list)
    """All usage of the Sprint, in order of time."""
    reported: int = 0
    was_denied: bool = False

    def key(self, summary: str) -> str:
        """The key of a story."""
        return self.keys[summary]


def play(world: World, narrator: Narrator) -> Sprint:
    """Play the whole Sprint; every step is looked for where people would look for it."""
    today = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    sprint = Sprint(world, narrator, today - timedelta(days=DAYS + 1))
    world.clock.move_to(sprint.midnight - timedelta(hours=4))
    refine(sprint)
    plan(sprint)
    for day in range(DAYS):
        live_a_day(sprint, day)
    if not sprint.was_denied:
        raise StepDidNotHappen("This did not happen: the cap stopped a call")
    review(sprint)
    late_usage(sprint)
    return sprint


def refine(sprint: Sprint) -> None:
    """Stories are written; those that use AI get the section, then an estimate."""
    world, narrator = sprint.world, sprint.narrator
    narrator.chapter("Refinement")
    for planned in acme.STORIES:
        labels = ["ai"] if planned.is_ai else ["portal"]
        description = table(planned.row) if planned.row else None
        if planned.summary == acme.TEMPLATE_SHOWN_ON:
            description = None
        sprint.keys[planned.summary] = world.owner.write_story(
            planned.summary, labels, description, assignee=planned.assignee
        )
    narrator.tell(f"{len(sprint.keys)} stories are in the Product Backlog of {acme.PROJECT}.")
    shown = sprint.key(acme.TEMPLATE_SHOWN_ON)
    narrator.until(
        f"{shown} got the template section",
        lambda: "AI Cost & Carbon" in str(world.owner.fields(shown)["Description"]),
    )
    narrator.tell(f"{shown} is labelled [cyan]ai[/cyan]: StoryMeter added its section.")
    first = next(p for p in acme.STORIES if p.summary == acme.TEMPLATE_SHOWN_ON)
    world.owner.describe(shown, table(first.row))
    values = narrator.until(f"{shown} has an estimate", lambda: _with_value(sprint, shown, COST))
    narrator.tell(
        f"Filled in, it is estimated at ${values[COST]:.2f} "
        f"(${values[f'{COST} (low)']:.2f} to ${values[f'{COST} (high)']:.2f}) in Jira."
    )
    unclear = sprint.key(acme.UNCLEAR)
    missing = narrator.until(
        f"{unclear} is told what is missing",
        lambda: world.owner.fields(unclear).get("AI inputs missing"),
    )
    if world.owner.fields(unclear)[COST] is not None:
        raise StepDidNotHappen(f"{unclear} has a figure although inputs are missing")
    narrator.tell(f"{unclear} has no figure: {missing}")
    plain = next(p.summary for p in acme.STORIES if not p.is_ai)
    if "AI Cost" in str(world.owner.fields(sprint.key(plain))["Description"]):
        raise StepDidNotHappen("A story without AI got the section")


def _with_value(sprint: Sprint, key: str, name: str) -> Json | None:
    """A story's fields once the named one has a value."""
    values = sprint.world.owner.fields(key)
    return values if values.get(name) is not None else None


def plan(sprint: Sprint) -> None:
    """The Sprint is planned and started, and the Product Owner caps it."""
    world, narrator = sprint.world, sprint.narrator
    narrator.chapter("Sprint Planning")
    start = sprint.midnight + timedelta(hours=8)
    sprint.sprint_id = world.owner.new_sprint(world.board_id, acme.SPRINT, acme.GOAL)
    sprint.next_sprint_id = world.owner.new_sprint(world.board_id, "Assistant Sprint 8")
    world.owner.plan(sprint.sprint_id, list(sprint.keys.values()))
    world.clock.move_to(sprint.midnight)
    world.owner.start_sprint(
        sprint.sprint_id, start.isoformat(), (start + timedelta(days=14)).isoformat()
    )
    settle(world, narrator)
    estimated = [
        values[COST] for key in sprint.keys.values() if (values := _with_value(sprint, key, COST))
    ]
    narrator.tell(
        f"{acme.SPRINT} has started: {len(estimated)} stories are estimated at "
        f"${sum(estimated):.2f} together."
    )
    answer = world.gateway.ask(
        "POST", "/v1/caps", "admin",
        {
            "id": CAP_ID, "scope": {"kind": "sprint", "value": str(sprint.sprint_id)},
            "unit": "usd", "limit": CAP_USD, "mode": "block",
        },
    )  # fmt: skip
    if answer.status_code != 201:
        raise StepDidNotHappen(f"The cap was answered {answer.status_code}: {answer.text}")
    narrator.tell(f"Ada caps the Sprint at ${CAP_USD}; calls above it will be stopped.")
    for planned in acme.STORIES:
        if planned.truth:
            sprint.events += calls_of(
                sprint.key(planned.summary), planned.truth, sprint.midnight + timedelta(days=1),
                DAYS - 1, SPIKE_DAY - 1, SEED,
            )  # fmt: skip
    sprint.events += list(unattributed_calls(sprint.midnight + timedelta(days=1), DAYS - 1, SEED))
    sprint.events.append(fine_tune(sprint.key(acme.FINE_TUNE), sprint.midnight))
    sprint.events.sort(key=lambda event: event["occurred_at"])


def live_a_day(sprint: Sprint, day: int) -> None:
    """Stand-up, then a day's work: usage is metered, and perhaps a spike or the cap shows."""
    world, narrator = sprint.world, sprint.narrator
    start = sprint.midnight + timedelta(days=day)
    if day == 0:
        narrator.chapter("The Sprint")
    world.clock.move_to(start + timedelta(hours=9, minutes=20))
    if day >= 2:
        header = narrator.until("the digest of the day is in Slack", lambda: digest(world, day))
        if day in {2, 7, 12}:
            narrator.tell(f"Day {day + 1}, stand-up in Slack: {header}")
    if day == SPIKE_DAY:
        _report_until(sprint, start + timedelta(hours=SPIKE_HOUR + 2, minutes=29))
        # Spend is looked at every minute of the demo's clock.
        world.clock.move_to(start + timedelta(hours=SPIKE_HOUR + 2, minutes=30))
        told = narrator.until("the spike is in Slack", lambda: mentions(world, "spike"))
        narrator.tell(f"Day {day + 1}, 15:30: {told}")
        look_at_home(sprint)
    _report_until(sprint, start + timedelta(hours=23, minutes=55))
    if not sprint.was_denied and day >= 3:
        _ask_for_a_call(sprint, day)


def look_at_home(sprint: Sprint) -> None:
    """Ben opens the app's Home tab: his stories are found by his address alone."""
    world, narrator = sprint.world, sprint.narrator
    world.slack.act("home", {"user": DEVELOPER})
    agent = sprint.key(acme.AGENT)
    told = narrator.until("Ben's Home shows his story", lambda: own_story(world, DEVELOPER, agent))
    narrator.tell(f"Ben opens StoryMeter's Home in Slack: {told}")


def _report_until(sprint: Sprint, instant: datetime) -> None:
    """Move the clock to an instant and report what was used until then."""
    world, narrator = sprint.world, sprint.narrator
    world.clock.move_to(instant)
    upto = sprint.reported
    while upto < len(sprint.events) and sprint.events[upto]["occurred_at"] <= instant.isoformat():
        upto += 1
    counts = sprint.world.gateway.report(sprint.events[sprint.reported : upto])
    if counts["rejected"]:
        raise StepDidNotHappen(f"{counts['rejected']} events were rejected")
    sprint.reported = upto
    settle(world, narrator)


def _ask_for_a_call(sprint: Sprint, day: int) -> None:
    """The gateway asks before an agent run; once the cap is reached, a person has to agree."""
    run: Json = {
        "id": f"agent-run-{day}", "model": "gpt-5-mini", "provider_name": "openai",
        "input_tokens": 15_000, "max_output_tokens": 2_000,
        "story_key": sprint.key(acme.AGENT),
    }  # fmt: skip
    answer = sprint.world.gateway.ask("POST", "/v1/authorizations", "authorize", run).json()
    if answer["decision"] == "granted":
        path = f"/v1/authorizations/{run['id']}/void"
        sprint.world.gateway.ask("POST", path, "authorize")
        return
    sprint.was_denied = True
    sprint.narrator.tell(f"Day {day + 1}: a call is stopped. {answer['message']}")
    _approve(sprint)
    again = sprint.world.gateway.ask(
        "POST", "/v1/authorizations", "authorize", run | {"id": f"{run['id']}-again"}
    ).json()
    if again["decision"] != "granted":
        raise StepDidNotHappen("After the approval the call is still denied")
    sprint.world.gateway.ask("POST", f"/v1/authorizations/{again['id']}/void", "authorize")
    sprint.narrator.tell("The same call is allowed now.")


def _approve(sprint: Sprint) -> None:
    """Ada presses the button in Slack, says how much and why."""
    world, narrator = sprint.world, sprint.narrator
    slack = world.slack
    message = narrator.until("the denial is in Slack", lambda: with_button(world))
    view_id = narrator.until("the cap's dialogue is open", lambda: _press_raise(sprint, message))
    slack.act(
        "submit",
        {
            "view_id": view_id, "user": PRODUCT_OWNER,
            "values": {
                "limit": {"amount": RAISED_USD},
                "reason": {"text": "The refund agent ships on Thursday"},
            },
        },
    )  # fmt: skip
    narrator.until("the notice says who raised the cap", lambda: mentions(world, "raised"))
    narrator.tell(f"Ada raises the cap to ${RAISED_USD} in Slack, with her reason.")


def _press_raise(sprint: Sprint, message: dict[str, Any]) -> str | None:
    """Press a notice's button; the dialogue's id, or None where Slack gave up waiting for one."""
    slack = sprint.world.slack
    press = {"action_id": "cap_raise_open", "user": PRODUCT_OWNER, "wait_for_view_s": 10}
    opened = slack.act("click", {"channel": slack.channel, "ts": message["ts"], **press})
    found: str | None = opened.get("view_id") or (opened.get("view") or {}).get("id")
    return found


def review(sprint: Sprint) -> None:
    """The Sprint closes: estimates meet actuals in Jira and in Slack."""
    world, narrator = sprint.world, sprint.narrator
    narrator.chapter("Sprint Review")
    world.clock.move_to(sprint.midnight + timedelta(days=DAYS, hours=16))
    for planned in acme.STORIES:
        if planned.is_done:
            world.owner.finish(sprint.key(planned.summary))
    world.clock.move_to(sprint.midnight + timedelta(days=DAYS, hours=17))
    world.owner.close_sprint(sprint.sprint_id, sprint.next_sprint_id)
    told = narrator.until("the review is in Slack", lambda: mentions(world, acme.SPRINT, "review"))
    narrator.tell(f"In Slack: {told}")
    over = sprint.key(acme.FAR_OVER)
    values = narrator.until(
        f"{over} shows its actual",
        lambda: _with_value(sprint, over, "AI actual cost USD"),
    )
    narrator.tell(
        f"{over} was estimated at ${values[COST]:.2f} and cost "
        f"${values['AI actual cost USD']:.2f}: {values['AI variance %']:+.0f} %."
    )


def late_usage(sprint: Sprint) -> None:
    """Usage that arrives after the close makes revision 2 and edits what was posted."""
    world, narrator = sprint.world, sprint.narrator
    narrator.chapter("After the Sprint")
    world.clock.move_to(sprint.midnight + timedelta(days=DAYS, hours=18))
    late = [
        {
            "event_id": f"late-{place}", "story_key": sprint.key(acme.TEMPLATE_SHOWN_ON),
            "occurred_at": (sprint.midnight + timedelta(days=DAYS, hours=11)).isoformat(),
            "provider_name": "openai", "request_model": "gpt-4o", "region": "us-east-1",
            "input_tokens": 2000, "output_tokens": 400,
        }
        for place in range(120)
    ]  # fmt: skip
    world.gateway.report(late)
    told = narrator.until("the review became revision 2", lambda: mentions(world, "Revision 2"))
    narrator.tell(f"120 late calls arrive; the same message now says: {told}")
    settle(world, narrator)
    world.clock.path.unlink()
    now = datetime.now(UTC)
    world.owner.start_sprint(
        sprint.next_sprint_id, now.isoformat(), (now + timedelta(days=14)).isoformat()
    )
    settle(world, narrator)
