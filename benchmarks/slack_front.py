"""One address before two Slacks: the emulator answers the app, our sandbox shows people the same.

Every call goes to both. What the emulator calls a channel, person, message, file or view is
translated on the way, so that the app lives in the emulator's world while the demo's people click
in the sandbox. Every payload is held against two judges of Block Kit on its way through.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import requests
from flask import Flask, Response, jsonify, request

from benchmarks.slack_judges import objections

Json = dict[str, Any]
TIMEOUT_S = 20
SAYING = ("chat.postMessage", "chat.update", "chat.postEphemeral")
VIEW_METHODS = ("views.open", "views.update", "views.publish")


@dataclass
class Front:
    """What the front knows and has seen."""

    emulator: str
    sandbox: str
    names: dict[str, str]
    """Ids of channels and people: the sandbox's by the emulator's."""
    calls: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    invalid: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unjudged: Counter[str] = field(default_factory=Counter)
    made: dict[str, str] = field(default_factory=dict)
    """Ids of messages, files and views: the sandbox's by the emulator's."""
    uploads: dict[str, tuple[str, str]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def called(self, method: str, args: Json, headers: Json) -> tuple[Json, int]:
        """Ask both, and return the emulator's answer in the sandbox's names."""
        self._judge(method, args)
        shown, status = _ask(f"{self.sandbox}/api/{method}", self._for_sandbox(args), headers)
        wanted = self._for_emulator(method, args, headers)
        answer, found = _ask(f"{self.emulator}/api/{method}", wanted, headers)
        if found == 404:
            with self.lock:
                self.unjudged[method] += 1
            return shown, status
        if bool(answer.get("ok")) != bool(shown.get("ok")):
            said = f"{method}: the emulator says {_brief(answer)}, the sandbox {_brief(shown)}"
            with self.lock:
                self.errors.append(said)
        self._learn(answer, shown)
        return self._in_sandbox_names(answer), found

    def upload(self, key: str, content: bytes) -> int:
        """Send a file's bytes to both; returns the emulator's status."""
        of_emulator, of_sandbox = self.uploads[key]
        requests.post(of_sandbox, data=content, timeout=TIMEOUT_S).raise_for_status()
        status = requests.post(of_emulator, data=content, timeout=TIMEOUT_S).status_code
        if status != 200:
            self.errors.append(f"The emulator answered an upload with {status}")
        return status

    def judge(self, what: str, blocks: list[Json], text: str) -> None:
        """Count a message and keep what its judges object to."""
        found = objections({"blocks": blocks, "text": text})
        with self.lock:
            self.messages += 1
            self.invalid += [f"{what}: {each}" for each in found[:1]]

    def _judge(self, method: str, args: Json) -> None:
        with self.lock:
            self.calls[method] += 1
        if method in SAYING:
            self.judge(method, args.get("blocks") or [], str(args.get("text") or ""))
        elif method == "chat.unfurl":
            for card in args["unfurls"].values():
                self.judge(method, card["blocks"], "card")
        elif method in VIEW_METHODS:
            found = objections(args["view"])
            with self.lock:
                self.invalid += [f"{method}: {each}" for each in found[:1]]

    def _for_sandbox(self, args: Json) -> Json:
        """The same call, about the sandbox's messages, files and views."""
        return {name: _renamed(value, self.made) for name, value in args.items()}

    def _for_emulator(self, method: str, args: Json, headers: Json) -> Json:
        back = {ours: theirs for theirs, ours in self.names.items()}
        wanted = {name: _renamed(value, back) for name, value in args.items()}
        if method == "views.open":
            # People click in the sandbox, so their trigger is the sandbox's.
            made, _ = _ask(f"{self.emulator}/api/views.generateTriggerId", {}, headers)
            wanted["trigger_id"] = made["trigger_id"]
        return wanted

    def _learn(self, answer: Json, shown: Json) -> None:
        with self.lock:
            for name in ("ts", "file_id"):
                if answer.get(name) and shown.get(name):
                    self.made[str(answer[name])] = str(shown[name])
            if answer.get("view") and shown.get("view"):
                self.made[answer["view"]["id"]] = shown["view"]["id"]
            if answer.get("upload_url") and shown.get("upload_url"):
                self.uploads[answer["file_id"]] = (answer["upload_url"], shown["upload_url"])
                answer["upload_url"] = f"{request.host_url}upload/{answer['file_id']}"

    def _in_sandbox_names(self, answer: Json) -> Json:
        return {name: _renamed(value, self.names) for name, value in answer.items()}


def front_app(front: Front) -> Flask:
    """The address that the app calls instead of Slack's."""
    app = Flask("slack_front")

    @app.route("/api/<method>", methods=["GET", "POST"])
    def call(method: str) -> tuple[Response, int]:
        headers = {"Authorization": request.headers.get("Authorization", "")}
        answer, status = front.called(method, _arguments(), headers)
        return jsonify(answer), status

    @app.post("/upload/<key>")
    def upload(key: str) -> tuple[str, int]:
        return "OK", front.upload(key, request.get_data())

    return app


def _arguments() -> Json:
    """What was asked, whichever way slack_sdk sent it; structures arrive as JSON within a form."""
    if request.is_json:
        found: Json = request.get_json()
        return found
    plain = {**request.args.to_dict(), **request.form.to_dict()}
    structured = ("blocks", "view", "files", "unfurls", "metadata")
    return {name: json.loads(v) if name in structured else v for name, v in plain.items()}


def _ask(address: str, args: Json, headers: Json) -> tuple[Json, int]:
    answer = requests.post(address, json=args, headers=headers, timeout=TIMEOUT_S)
    if answer.status_code == 404:
        return {"ok": False, "error": "unknown_method"}, 404
    found: Json = answer.json()
    return found, answer.status_code


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """The same value with ids in another world's words, where a whole text is an id."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if isinstance(value, dict):
        return {name: _renamed(each, names) for name, each in value.items()}
    return value


def _brief(answer: Json) -> str:
    wanted = {name: answer[name] for name in ("ok", "error", "needed") if name in answer}
    return json.dumps(wanted)
