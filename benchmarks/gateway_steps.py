"""What is tried at the gateways, one step after the other, and what has to come of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from benchmarks import bare_agent
from benchmarks.gateway_calls import Answer, Client, expect, p50_ms, together, until_refused
from benchmarks.gateways_stage import Stage, until
from integration.cli.demo.world import PRODUCT_OWNER, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLIENTS = 4
LIMIT_USD, RAISED_USD = "0.05", "5"
AGAIN_WITHIN_S = 2.0
EACH_WAY = 60
"""Calls whose time is taken with the plug-in and without it."""
ENOUGH = 5
FIGURES = ("story", "cap", "limit", "spent", "held", "requested", "alternative")


@dataclass(slots=True)
class Lane:
    """The steps, and what was seen."""

    here: Stage
    tell: Callable[[str], None]
    answers: list[Answer] = field(default_factory=list)
    """Of the loop through LiteLLM."""
    over_cap_nanousd: int = 0
    added_p50_ms: float = 0.0
    nginx_answers: list[Answer] = field(default_factory=list)
    notices: int = 0
    rows: list[tuple[str, str]] = field(default_factory=list)

    def saw(self, what: str, result: str) -> None:
        """Note a step for the table, and say it."""
        self.rows.append((what, result))
        self.tell(f"{what}: {result}")

    def loop_to_the_cap(self, client: Client) -> None:
        """Several clients call for one story until none of them is let through."""
        story = self.here.stories["loop"]
        self.here.cap("loop", LIMIT_USD, approved_models=["gpt-4o", "gpt-4o-mini"])

        def loop() -> list[Answer]:
            own = Client(client.url, client.key)
            return until_refused(lambda: own.call(story), 429, times=3)

        self.answers = together(CLIENTS, loop)
        self.here.settled("loop")
        self.answers += until_refused(lambda: client.call(story), 429, times=2)
        statuses = {each.status for each in self.answers}
        expect(statuses == {200, 429}, f"calls end with 200 or 429: {statuses}")
        self.check_books("loop", "a loop of calls through the plug-in")

    def check_books(self, purpose: str, what: str) -> None:
        """Compare cap, books and provider once nothing is held."""
        until(
            f"the books of {purpose} agree with the provider",
            lambda: self.here.settled(purpose) == self.here.billed(purpose) or None,
        )
        cap, billed = self.here.stands(purpose), self.here.billed(purpose)
        self.over_cap_nanousd += max(0, cap["spent"] - cap["limit"], billed - cap["limit"])
        self.saw(what, f"${billed / 1e9:.6f} billed and metered, cap ${cap['limit'] / 1e9:g}")

    def read_the_refusal(self) -> None:
        """Read the 429 as a developer does."""
        error = next(each for each in self.answers if each.status == 429).body["error"]
        last = self.answers[-1].body["error"]
        self.tell(f"What a developer reads: {last['message']}")
        told = last["provider_specific_fields"]
        expect(all(told.get(name) for name in FIGURES), f"the 429 names {FIGURES}: {told}")
        expect(told["alternative"] in last["message"], "the sentence names the alternative")
        expect(error["type"] == "rate_limit_error", "the 429 is a rate_limit_error")
        again = self.answers[-1].headers.get("x-should-retry", "not passed on")
        self.saw("x-should-retry on the 429", again)

    def look_for_notices(self) -> None:
        """Find one message in Slack for each threshold that was reached, and one denial."""
        cap = self.here.stands("loop")
        reached = [pct for pct in cap["thresholds"] if 100 * cap["spent"] >= pct * cap["limit"]]
        expect(reached[:2] == [50, 80], f"the loop reached 50 and 80 %: {reached}")
        wanted = [f": {pct} % of the cap of " for pct in reached]
        wanted.append(": a call was stopped at the cap of ")

        def found() -> list[int]:
            texts = [str(each.get("text", "")) for each in self.here.slack.messages()]
            return [sum(words in text for text in texts) for words in wanted]

        until("each notice is in Slack", lambda: all(found()))
        expect(found() == [1] * len(wanted), f"each notice is there once: {found()}")
        self.notices = len(reached)
        self.saw("notices in Slack", f"one for each of {reached} %, one for the denial")

    def approve(self, client: Client) -> None:
        """Press the button, fill the form; calls flow again."""
        slack = self.here.slack
        message = until("the button is in Slack", self._button)
        opened = slack.act("click", {
            "channel": slack.channel, "ts": message["ts"], "action_id": "cap_raise_open",
            "user": PRODUCT_OWNER, "wait_for_view_s": 10,
        })  # fmt: skip
        view_id = opened.get("view_id") or opened["view"]["id"]
        values = {"limit": {"amount": RAISED_USD}, "reason": {"text": "The demo is on Thursday"}}
        began = time.monotonic()
        slack.act("submit", {"view_id": view_id, "user": PRODUCT_OWNER, "values": values})
        story = self.here.stories["loop"]
        until("a call is let through again", lambda: client.call(story).status == 200)
        seconds = time.monotonic() - began
        expect(seconds <= AGAIN_WITHIN_S, f"calls flow within {AGAIN_WITHIN_S} s: {seconds:.1f} s")
        self.saw("after the approval in Slack", f"calls flow again within {seconds:.2f} s")

    def _button(self) -> dict[str, Any] | None:
        for message in reversed(self.here.slack.messages()):
            if "cap_raise_open" in str(message.get("blocks")):
                return message
        return None

    def kill_storymeter(self, client: Client) -> None:
        """Kill StoryMeter with -9 while calls run; each cap's own policy is what happens."""
        self.here.cap("open", RAISED_USD, failure_policy="fail_open")
        told: dict[str, list[Answer]] = {"loop": [], "open": []}
        is_over = threading.Event()
        for purpose, answers in told.items():
            answers.append(client.call(self.here.stories[purpose]))

        def loop(purpose: str) -> None:
            own = Client(client.url, client.key)
            while not is_over.is_set():
                told[purpose].append(own.call(self.here.stories[purpose]))

        threads = [threading.Thread(target=loop, args=(each,)) for each in told for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            self._more(told, lambda _: True)
            self.here.web.kill()
            self._more(told, lambda each: each.status != 200, only="loop")
            self._more(told, lambda _: True)
            self.here.web.look_after()
            wait_until_ready(self.here.settings.url)
            self._more(told, lambda each: each.status == 200)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        closed, opened = ([each.status for each in told[name]] for name in ("loop", "open"))
        expect(set(closed) == {200, 503}, f"fail_closed stops with 503: {set(closed)}")
        expect(set(opened) == {200}, f"fail_open lets through: {set(opened)}")
        self.saw("StoryMeter killed with -9", f"fail_closed {closed.count(503)} × 503, "
                 f"fail_open {len(opened)} × 200")  # fmt: skip
        for purpose, policy in (("loop", "fail_closed"), ("open", "fail_open")):
            self.check_books(purpose, f"the books after it, {policy}")

    def _more(
        self, told: dict[str, list[Answer]], fits: Callable[[Answer], bool], only: str = ""
    ) -> None:
        """Wait for some more answers of a kind, to both stories or to one."""
        seen = {name: len(answers) for name, answers in told.items()}
        for name in [only] if only else list(told):
            until(
                f"more calls for {name} are answered",
                lambda name=name: sum(map(fits, told[name][seen[name] :])) >= ENOUGH,  # type: ignore[misc]
            )

    def retry_and_fall_back(self, client: Client) -> None:
        """A retry counts once; a dearer fallback is called only where it fits."""
        story = self.here.stories["fallback"]
        self.here.cap("fallback", "0.0015")
        stopped = client.call(story, model="shaky")
        expect(stopped.status >= 500, f"the fallback is refused: {stopped.status}")
        expect("Cap fallback is reached" in str(stopped.body), f"it says why: {stopped.body}")
        expect(self.here.billed("fallback") == 0, "the dearer model was not called")
        self.here.cap("fallback", RAISED_USD)
        expect(client.call(story, model="shaky").status == 200, "the fallback is called")
        expect(client.call(story, "fail once").status == 200, "the retry is answered")
        expect(client.call(story, stream=True).status == 200, "a stream is answered")
        self.check_books("fallback", "a fallback, a retry, a stream")

    def leave(self, client: Client) -> None:
        """Clients hang up: nothing stays held, and what was streamed is spent."""
        self.here.cap("cancel", RAISED_USD)
        story = self.here.stories["cancel"]
        client.leave(story, after_a_piece=False)
        client.leave(story, after_a_piece=True)
        until("what was streamed is spent", lambda: self.here.stands("cancel")["spent"])
        spent = self.here.settled("cancel")
        self.saw("clients that hang up", f"nothing stays held, ${spent / 1e9:.6f} spent")

    def compare_speed(self, with_plug_in: Client, without: Client) -> None:
        """Take the time of calls through both proxies in turn, and of decisions asked directly."""
        self.here.cap("speed", "100")
        story = self.here.stories["speed"]
        taken: tuple[list[Answer], list[Answer]] = ([], [])
        direct: list[Answer] = []
        for number in range(EACH_WAY + ENOUGH):
            pair = [client.call(story) for client in (with_plug_in, without)]
            asked = self._ask(story, number)
            if number >= ENOUGH:  # The first ones warm up.
                direct.append(asked)
                for answers, answer in zip(taken, pair, strict=True):
                    answers.append(answer)
        expect({each.status for part in taken for each in part} == {200}, "all are answered")
        slow, fast = (p50_ms(part) for part in taken)
        self.added_p50_ms = round(slow - fast, 1)
        self.saw("p50 of a call", f"{slow:.1f} ms with the plug-in, {fast:.1f} ms without")
        self.saw("p50 of a decision, asked directly", f"{p50_ms(direct):.1f} ms")

    def _ask(self, story: str, number: int) -> Answer:
        body = {
            "id": f"direct-{number}", "model": "gpt-4o", "provider_name": "openai",
            "input_tokens": 10, "max_output_tokens": 200, "story_key": story,
        }  # fmt: skip
        began = time.perf_counter()
        answer = self.here.storymeter.ask("POST", "/v1/authorizations", "authorize", body)
        return Answer(answer.status_code, answer.json(), time.perf_counter() - began)

    def loop_through_the_guardrail(self, client: Client) -> None:
        """The same loop without code in the proxy; refusals are LiteLLM's 400."""
        story = self.here.stories["guardrail"]
        self.here.cap("guardrail", LIMIT_USD)
        answers = until_refused(lambda: client.call(story), 400, times=2)
        said = str(answers[-1].body["error"]["message"])
        expect("Cap guardrail is reached" in said, f"the 400 says why: {said}")
        self.check_books("guardrail", f"the guardrail: {len(answers)} calls, then 400")

    def loop_through_nginx(self, url: str) -> None:
        """The same loop through auth_request; clients capture what they used."""
        story = self.here.stories["nginx"]
        self.here.cap("nginx", LIMIT_USD)

        def loop() -> list[Answer]:
            own = Client(url, "sk-caller")
            return until_refused(lambda: self._call_and_capture(own, story), 403, times=3)

        self.nginx_answers = together(CLIENTS, loop)
        expect({each.status for each in self.nginx_answers} == {200, 403}, "200 or 403")
        error = self.nginx_answers[-1].body["error"]
        self.tell(f"What a developer reads: {error['message']}")
        expect(error["cap"] == "nginx" and error["held"] != "", f"the 403 says why: {error}")
        self.check_books("nginx", "the same loop through nginx")

    def _call_and_capture(self, client: Client, story: str) -> Answer:
        answer = client.call(story)
        if answer.status == 200:
            name = answer.headers["X-StoryMeter-Authorization-Id"]
            usage = answer.body["usage"]
            body = {
                "input_tokens": usage["prompt_tokens"], "response_id": answer.body["id"],
                "output_tokens": usage["completion_tokens"],
            }  # fmt: skip
            requests.post(
                f"{self.here.settings.url}/v1/authorizations/{name}/capture", json=body,
                headers={"Authorization": f"Bearer {self.here.key}"}, timeout=20,
            ).raise_for_status()  # fmt: skip
        return answer

    def run_an_agent(self, folder: Path, provider: str) -> None:
        """Run docs/connect/agent.py where nothing is but the wheel's client."""
        self.here.cap("agent", RAISED_USD)
        story, client = self.here.stories["agent"], bare_agent.unpacked_client(folder)
        environment = {
            "STORYMETER_URL": self.here.settings.url, "STORYMETER_KEY": self.here.key,
            "OPENAI_BASE_URL": f"{provider}/v1", "OPENAI_API_KEY": "sk-none",
        }  # fmt: skip
        done = bare_agent.run(client, story, environment)
        expect((done.returncode, done.stdout) == (0, "Done.\nDone.\n"), f"it runs: {done.stderr}")
        self.check_books("agent", "an agent's two calls, sync and async")
        self.here.cap("agent", "0.0001")
        refused = bare_agent.run(client, story, environment)
        expect(refused.returncode == 1, "the agent is refused")
        self.saw("the agent under a cap it has reached", refused.stderr.strip())

    def table(self) -> str:
        """What was seen, for people."""
        width = max(len(what) for what, _ in self.rows)
        return "\n".join(f"{what:<{width}}  {result}" for what, result in self.rows)

    def result(self) -> dict[str, Any]:
        """What was seen, for machines."""
        return {
            "litellm_calls": len(self.answers),
            "litellm_denied": sum(each.status == 429 for each in self.answers),
            "litellm_over_cap_nanousd": self.over_cap_nanousd,
            "plugin_added_p50_ms": self.added_p50_ms,
            "nginx_denied": sum(each.status == 403 for each in self.nginx_answers),
            "notices": self.notices,
        }
