"""What is looked for in Acme's world, where people would look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from integration.cli.demo.narrator import Narrator
    from integration.cli.demo.world import World

Json = dict[str, Any]


def settle(world: World, narrator: Narrator) -> None:
    """Wait until nothing is on its way any more."""

    def is_quiet() -> bool:
        waiting = requests.get(f"{world.jira_url}/_sandbox/deliveries", timeout=10).json()
        here = world.gateway.ask("GET", "/v1/workspaces/current", "read").json()
        return (
            not waiting["waiting"]
            and not here["inbox"].get("waiting")
            and not here["outbox_waiting"]
        )

    narrator.until("everything on its way has arrived", is_quiet)


def texts(world: World) -> list[str]:
    """The texts of all messages in the channel."""
    return [str(message.get("text", "")) for message in world.slack.messages()]


def mentions(world: World, *words: str) -> str | None:
    """The newest message whose text or blocks hold all the words."""
    for message in reversed(world.slack.messages()):
        whole = f"{message.get('text', '')} {message.get('blocks', '')}".casefold()
        if all(word.casefold() in whole for word in words):
            return str(message["text"]).splitlines()[0]
    return None


def with_button(world: World) -> Json | None:
    """The newest message that offers to raise a cap."""
    for message in reversed(world.slack.messages()):
        if "cap_raise_open" in str(message.get("blocks")):
            return message
    return None


def digest(world: World, day: int) -> str | None:
    """The first line of a day's digest."""
    wanted = f"day {day + 1} of"
    return next((text for text in texts(world) if wanted in text.casefold()), None)


def own_story(world: World, user: str, story_key: str) -> str | None:
    """The line of a story among a person's own in their Home tab."""
    seen = requests.get(f"{world.slack_url}/_sandbox/state", timeout=10).json()
    home = next((each for each in seen["views"] if each["id"] == seen["homes"].get(user)), None)
    for block in home["blocks"] if home else ():
        words = str((block.get("text") or {}).get("text", ""))
        if words.startswith("*Your stories*") and story_key in words:
            line = next(each for each in words.splitlines() if story_key in each)
            return line.partition("*")[2].partition("|")[2].replace(">*", "")
    return None
