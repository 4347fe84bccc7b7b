"""The shell lines of docs/connect, run as they stand against a StoryMeter that answers."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
import pytest
from sqlalchemy import text

from integration.sandbox.server import serve
from tests.doors.usage_doors import TIME, nanoseconds
from tests.doors.worlds import World
from tests.sources import small_payloads as small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from integration.web.service import Service

PAGES = Path(__file__).resolve().parents[2] / "docs" / "connect"
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
HERE = "http://127.0.0.1:8080"
AGENT = f"""#!{sys.executable}
'Stands for a coding agent: sends one log event to where its environment says.'
import json, os, pathlib, urllib.parse, urllib.request
e = os.environ
where = e.get("GEMINI_TELEMETRY_OTLP_ENDPOINT") or e["OTEL_EXPORTER_OTLP_ENDPOINT"]
name, _, value = e["OTEL_EXPORTER_OTLP_HEADERS"].partition("=")
body = json.loads(pathlib.Path("agent.json").read_text())
for pair in e["OTEL_RESOURCE_ATTRIBUTES"].split(","):
    key, _, told = pair.partition("=")
    attribute = {{"key": key, "value": {{"stringValue": urllib.parse.unquote(told)}}}}
    body["resourceLogs"][0]["resource"]["attributes"].append(attribute)
headers = {{name: urllib.parse.unquote(value), "Content-Type": "application/json"}}
sent = urllib.request.Request(where + "/v1/logs", json.dumps(body).encode(), headers)
assert json.load(urllib.request.urlopen(sent)) == {{}}
"""
AGENTS = {
    "claude-code.md": ("claude", {"event__name": "claude_code.api_request"}),
    "gemini-cli.md": ("gemini", {"event__name": "gemini_cli.api_response"}),
}
pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("git")), reason="needs curl and git"
)


def shell_of(page: str) -> list[str]:
    return SHELL.findall((PAGES / page).read_text())


@pytest.fixture
def world(service: Service) -> World:
    """The workspace with the project of the pages."""
    return World(service, project="PROJ").found()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with serve(app, None) as running:
        yield running.base_url


@pytest.fixture
def run(address: str, world: World, tmp_path: Path) -> Any:
    """Run lines in an empty folder, with a key; returns what they print."""
    environment = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path),
        "STORYMETER_KEY": world.key("ingest", "ingest"), "OTEL_RESOURCE_ATTRIBUTES": "",
        "GIT_CEILING_DIRECTORIES": str(tmp_path.parent),
    }  # fmt: skip

    def running(lines: str, **more: str) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", lines.replace(HERE, address)], cwd=tmp_path, check=False,
            capture_output=True, text=True, timeout=60, env=environment | more,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return running


def spent(world: World) -> list[tuple[str, str, int]]:
    """Source, story and input tokens of what stands in the ledger."""
    with world.service.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT source, story_key, input_tokens FROM ledger_entry ORDER BY 1, 2")
        )
        return [tuple(row) for row in rows]


def tagged(payload: dict[str, Any], name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {**payload, name: labels}


def test_our_json_and_cloudevents(run: Any, world: World) -> None:
    for page in ("usage-events.md", "cloudevents.md"):
        for lines in shell_of(page):
            assert json.loads(run(lines))["accepted"] == 1, page
    assert spent(world) == [
        ("api", "PROJ-9", 1200), ("cloudevents", "PROJ-9", 1200), ("cloudevents", "PROJ-9", 1200),
    ]  # fmt: skip


def test_a_bedrock_log_from_s3(run: Any, world: World, tmp_path: Path) -> None:
    log = tagged(small.BEDROCK, "requestMetadata", {"jira_issue": "PROJ-9", "team": "core"})
    (tmp_path / "invocations.json.gz").write_bytes(gzip.compress(json.dumps(log).encode()))
    (lines,) = shell_of("bedrock.md")
    assert json.loads(run(lines))["accepted"] == 1
    assert json.loads(run(lines))["duplicates"] == 1
    assert spent(world) == [("bedrock", "PROJ-9", 1200)]


def test_a_page_of_langfuses_api(run: Any, world: World) -> None:
    langfuse = flask.Flask("langfuse")

    @langfuse.get("/api/public/observations")
    def observations() -> dict[str, Any]:
        who = flask.request.authorization
        assert who is not None
        assert (who.username, flask.request.args["type"]) == ("pk", "GENERATION")
        return {"data": [tagged(small.LANGFUSE, "metadata", {"jira_issue": "PROJ-9"})], "meta": {}}

    (lines,) = shell_of("langfuse.md")
    with serve(langfuse, None) as there:
        keys = {"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk"}
        assert json.loads(run(lines, LANGFUSE_HOST=there.base_url, **keys))["accepted"] == 1
    assert spent(world) == [("langfuse", "PROJ-9", 1200)]


def test_gpu_jobs_and_codecarbons_file(run: Any, world: World, tmp_path: Path) -> None:
    (tmp_path / "emissions.csv").write_bytes(small.EMISSIONS_CSV.replace(b"PROJ-1", b"PROJ-9"))
    job, run_of_codecarbon = shell_of("gpu-jobs.md")
    assert json.loads(run(job))["accepted"] == 1
    assert json.loads(run(run_of_codecarbon)) | {"rejected": []} == {
        "accepted": 1, "duplicates": 0, "improved": 0, "ignored": 1, "rejected": [],
    }  # fmt: skip
    assert spent(world) == [("api", "PROJ-9", 0), ("codecarbon", "PROJ-9", 0)]
    with world.service.engine.connect() as connection:
        measured = connection.execute(
            text("SELECT energy_uwh FROM ledger_entry WHERE source = 'codecarbon'")
        ).scalar_one()
    assert measured == 2_500_000_000


def agent_in(folder: Path, name: str, event: dict[str, str]) -> None:
    """Put a stand-in for an agent on the path, which tells its story as OTLP resources do."""
    told = small.attributes(
        **event, model="m", input_tokens=400, input_token_count=400, output_tokens=50,
        output_token_count=50, request_id="req-1",
    )  # fmt: skip
    at = {"timeUnixNano": str(nanoseconds(TIME)), "body": {"stringValue": ""}}
    record = {**small.LOG, "attributes": told, **at}
    (folder / "agent.json").write_bytes(small.logs(record, service__name=f"{name}-code"))
    (folder / "bin").mkdir()
    program = folder / "bin" / name
    program.write_text(AGENT)
    program.chmod(0o755)


@pytest.mark.parametrize("page", AGENTS)
def test_a_coding_agents_variables_lead_here(
    run: Any, world: World, tmp_path: Path, page: str
) -> None:
    name, event = AGENTS[page]
    agent_in(tmp_path, name, event)
    settings, start = shell_of(page)
    run(f"{settings}\n{start}")
    assert spent(world) == [(event["event__name"].partition(".")[0], "PROJ-9", 400)]


def test_codexs_configuration_leads_here(client: Any) -> None:
    (written,) = re.findall(r"```toml\n(.*?)```", (PAGES / "codex-cli.md").read_text(), re.DOTALL)
    exporter = tomllib.loads(written)["otel"]["exporter"]["otlp-http"]
    assert exporter["endpoint"].startswith(HERE)
    answer = client.post(exporter["endpoint"].removeprefix(HERE), headers=exporter["headers"])
    assert answer.status_code == 401  # There is such a door; the key is a placeholder.


def test_opentelemetrys_variables_are_those_of_the_exporters(run: Any) -> None:
    exports = shell_of("opentelemetry.md")[0].replace("python my_agent.py", "env")
    told = dict(line.split("=", 1) for line in run(exports).splitlines() if line.startswith("OTEL"))
    assert told["OTEL_EXPORTER_OTLP_HEADERS"].startswith("Authorization=Bearer%20smk_")
    assert told["OTEL_RESOURCE_ATTRIBUTES"] == "jira.issue=PROJ-9,team=core"


def test_the_branch_names_the_story_by_shell_line_and_by_hook(run: Any, tmp_path: Path) -> None:
    shutil.copy(PAGES / "story-from-branch.sh", tmp_path)
    line, hook = shell_of("story-from-branch.md")
    (tmp_path / "bin").mkdir()
    for name, script in {"claude": 'echo "$OTEL_RESOURCE_ATTRIBUTES"', "direnv": ":"}.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    run("git init -q -b main . && git -c user.name=a -c user.email=a@example.com commit -q "
        "--allow-empty -m first")  # fmt: skip
    run(hook)
    run("git checkout -q -b feat/PROJ-9-login")
    said = "jira.issue=PROJ-9,vcs.ref.head.name=feat/PROJ-9-login"
    assert run(f"{line}\nclaude").strip() == said
    assert run('. ./.envrc.story; echo "$OTEL_RESOURCE_ATTRIBUTES"').strip() == said
