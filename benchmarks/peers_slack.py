"""What others make of our Slack: the `emulate` emulator, slack_sdk's models, slackblocks.

The whole demo Sprint runs with the emulator answering StoryMeter, scopes enforced, while people
read and click in our sandbox, which is told the same. Then people ask everything there is to ask:
each command, the Home tab, a link to a story. In the end both Slacks must show the same messages.
The last line of the output is JSON; where node is not at hand it is `{"skipped": why}`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.node_packages import FOLDER, CannotRun, installed, tell
from benchmarks.processes import free_port
from benchmarks.slack_front import Front, front_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.cli.demo.play import Sprint
    from integration.cli.demo.world import World

PROGRAM = Path("node_modules/emulate/dist/index.js")
READER = "xoxb-reader"
START_TIMEOUT_S = 60
SHOWN = 20
Json = dict[str, Any]


def main() -> int:
    """Run the Sprint before the judges; 1 when one of them objects."""
    try:
        node = installed()
    except CannotRun as why:
        print(json.dumps({"skipped": str(why)}))
        return 0
    front, differences = run(node)
    errors = front.errors + differences
    for method, times in sorted(front.calls.items()):
        tell(f"{times:5}  {method}")
    for method, times in front.unjudged.items():
        tell(f"The emulator has no {method} ({times}); its payloads were judged all the same.")
    for title, found in (("Payload", front.invalid), ("Emulator", errors)):
        for line in found[:SHOWN]:
            tell(f"{title}: {line}")
    result = {
        "messages": front.messages,
        "invalid_payloads": len(front.invalid),
        "emulator_errors": len(errors),
    }
    print(json.dumps(result))
    return 1 if front.invalid or errors or not front.messages else 0


def run(node: Path) -> tuple[Front, list[str]]:
    """Play the Sprint; returns the front and where the two Slacks differ in the end."""
    from rich.console import Console

    from integration.cli.demo.narrator import Narrator
    from integration.cli.demo.play import play
    from integration.cli.demo.world import world
    from integration.sandbox.server import serve
    from integration.settings import read_settings

    seen: list[Front] = []

    @contextmanager
    def between(sandbox: str, token: str) -> Iterator[str]:
        with emulator(node, token) as address:
            seen.append(Front(address, sandbox, names_of(address, sandbox)))
            with serve(front_app(seen[0]), seen[0]) as running:
                tell("The emulator answers StoryMeter; people read and click in the local Slack.")
                yield running.base_url

    with tempfile.TemporaryDirectory() as scratch:
        settings = read_settings().model_copy(update={"data_dir": Path(scratch)})
        with world(settings, fixed_ports=False, slack_front=between) as acme:
            narrator = Narrator(Console(stderr=True, highlight=False))
            sprint = play(acme, narrator)
            ask_everything(acme, sprint)
            narrator.until("the cards and answers are there", lambda: all_answered(acme))
            judge_answers(acme, seen[0])
            return seen[0], differences(acme, seen[0])


def ask_everything(acme: World, sprint: Sprint) -> None:
    """Type every command, open the Home tab, and link to a story."""
    from integration.cli.demo.world import CHANNEL, PRODUCT_OWNER

    key = next(iter(sprint.keys.values()))
    asked = ("", "help", "sprint", f"story {key}", "story NO-1", "cap", f"whatif {key}",
             "whatif", "digest", "nonsense")  # fmt: skip
    for words in asked:
        acme.slack.act(
            "command", {"channel": CHANNEL, "user": PRODUCT_OWNER, "command": "/storymeter",
                        "text": words},
        )  # fmt: skip
    acme.slack.act("home", {"user": PRODUCT_OWNER})
    link = f"Look at {acme.jira_url}/browse/{key}"
    acme.slack.act("say", {"channel": CHANNEL, "user": PRODUCT_OWNER, "text": link})


def all_answered(acme: World) -> bool:
    """Whether every command was answered and the Home tab published."""
    calls = requests.get(f"{acme.slack_url}/_sandbox/calls", timeout=10).json()["calls"]
    return bool(calls.get("response_url", 0) >= 10 and calls.get("views.publish", 0))


def judge_answers(acme: World, front: Front) -> None:
    """Answers to commands go to the address that came with them, past the front."""
    for message in acme.slack.messages():
        if message["visible_to"]:
            front.judge("an answer", message["blocks"], message["text"])


@contextmanager
def emulator(node: Path, token: str) -> Iterator[str]:
    """Run the emulator with our app's token and scopes; yields its address."""
    from integration.slack.scopes import BOT_SCOPES

    seed = {
        "slack": {
            "team": {"name": "Acme", "domain": "acme"},
            "strict_scopes": True,
            "users": [
                {"name": "storymeter", "real_name": "StoryMeter"},
                {"name": "ada", "real_name": "Ada Example", "email": "ada@example.com"},
                {"name": "ben", "real_name": "Ben Example", "email": "ben@example.com"},
            ],
            "channels": [{"name": "assistant-team"}],
            "tokens": [
                {"token": token, "type": "bot", "user": "storymeter", "scopes": list(BOT_SCOPES)},
                {"token": READER, "type": "bot", "user": "storymeter",
                 "scopes": ["channels:read", "channels:history", "users:read"]},
            ],
        }
    }  # fmt: skip
    (FOLDER / "seed.json").write_text(json.dumps(seed))
    port = free_port()
    child = subprocess.Popen(
        [str(node), str(FOLDER / PROGRAM), "start", "--service", "slack", "--seed",
         str(FOLDER / "seed.json"), "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=sys.stderr, cwd=FOLDER,
        env=os.environ | {"NO_COLOR": "1"},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for(address: str) -> None:
    """Return once the emulator answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            if read(address, "auth.test")["ok"]:
                return
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def names_of(emulator: str, sandbox: str) -> dict[str, str]:
    """The sandbox's ids of channels and people by the emulator's, found by their names."""
    there = read(emulator, "conversations.list")["channels"]
    there += read(emulator, "users.list")["members"]
    state = requests.get(f"{sandbox}/_sandbox/state", timeout=10).json()
    here = {each["name"]: each["id"] for each in state["channels"] + state["users"]}
    return {each["id"]: here[each["name"]] for each in there if each["name"] in here}


def read(address: str, method: str, **args: object) -> Json:
    """Ask the emulator something with the reader's token."""
    answer = requests.post(
        f"{address}/api/{method}", json=args, timeout=10,
        headers={"Authorization": f"Bearer {READER}"},
    )  # fmt: skip
    found: Json = answer.json()
    return found


def differences(acme: World, front: Front) -> list[str]:
    """Where the emulator's channel does not show what the sandbox's does."""
    channel = next(theirs for theirs, ours in front.names.items() if ours == acme.slack.channel)
    roots = read(front.emulator, "conversations.history", channel=channel, limit=200)["messages"]
    theirs: dict[str, Json] = {}
    for root in roots:
        thread = read(front.emulator, "conversations.replies", channel=channel, ts=root["ts"])
        theirs |= {each["ts"]: each for each in thread["messages"]}
    ours = {message["ts"]: message for message in acme.slack.messages()}
    found = []
    for ts, message in theirs.items():
        same = ours.get(front.made.get(ts, ""))
        if message.get("files") and same is None:
            continue  # A file's message is made by each Slack itself; its ids never pass the front.
        if same is None or (same["text"] != message["text"]):
            found.append(f"shows {message['text'][:80]!r}, the sandbox {same and same['text']!r}")
    files = [sum(len(m.get("files", [])) for m in each.values()) for each in (theirs, ours)]
    if files[0] != files[1]:
        found.append(f"shows {files[0]} files, the sandbox {files[1]}")
    tell(f"{len(theirs)} messages and {files[0]} files stand in the emulator's channel.")
    return found


if __name__ == "__main__":
    sys.exit(main())
