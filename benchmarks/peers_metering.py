"""What others' meters make of the same calls: a real LiteLLM proxy and three real instrumentors.

Clients with OpenLLMetry, OpenInference and Logfire (and one with all three at once) call a fake
provider through a real LiteLLM proxy. Proxy and clients all report to a StoryMeter that really
runs: `generic_api` records and OTLP from the proxy, OTLP from the clients. The ledger must show
each call once, on its story, at the price worked out here from the provider's own log. The last
line of the output is JSON; where the peers cannot be installed it is `{"skipped": why}`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import acme_world, fake_upstream, litellm_proxy, processes
from benchmarks.fake_upstream import CHAT, EMBEDDINGS, RESPONSES
from benchmarks.metering_verdict import judge
from benchmarks.peer_venvs import ROOT, CannotRun, kept_venv
from integration.foundation.database import transactions_on
from integration.foundation.embedded_database import running
from integration.journeys.match_calls import match_calls

if TYPE_CHECKING:
    from benchmarks.metering_verdict import Verdict

CLIENT_PACKAGES = (
    "openai==3.54.0", "opentelemetry-instrumentation-openai==0.62.4",
    "openinference-instrumentation-openai==0.1.66", "logfire==5.2.0",
    "opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2",
)  # fmt: skip
KINDS = ("openllmetry", "openinference", "logfire", "all")
TAGS = ("x-litellm-tags", "spend-logs", "x-jira-issue", "body", "only in the client")
CALLS_EACH = 40
CLIENT_TIMEOUT_S, SETTLE_TIMEOUT_S, QUIET_S = 240, 60, 4

ALIASES = {"fast": "gpt-4o-mini"}
"""What the gateway calls a model besides its own name."""
EMBEDDING = "text-embedding-3-small"
MODELS = ("gpt-5-mini", "gpt-4.1", "gpt-4o-mini", "o4-mini", "fast")
DOORS = (CHAT, CHAT, RESPONSES, CHAT, CHAT, EMBEDDINGS, RESPONSES)


def main() -> int:
    """Run the calls and compare; 1 when a call is missing, doubled, mispriced or misplaced."""
    try:
        python = kept_venv("peers-metering", "clients", CLIENT_PACKAGES) / "python"
        with tempfile.TemporaryDirectory(prefix="sm-peers-") as folder:
            verdict = run(python, Path(folder))
    except CannotRun as why:
        print(json.dumps({"skipped": str(why)}))
        return 0
    for complaint in verdict.complaints[:20]:
        tell(complaint)
    print(
        json.dumps({
            "calls": verdict.calls, "records_received": verdict.records_received,
            "ledger_calls": verdict.ledger_calls, "cost_gap_nanousd": verdict.cost_gap_nanousd,
        })
    )  # fmt: skip
    is_equal = verdict.calls == verdict.ledger_calls and verdict.cost_gap_nanousd == 0
    return 0 if is_equal and verdict.calls and not verdict.complaints else 1


def run(python: Path, folder: Path) -> Verdict:
    """Start everything, let the clients call, wait until all reports are in, and judge."""
    with running(folder / "pg") as url, fake_upstream.running() as upstream:
        engine, key = acme_world.found(url)
        with (
            acme_world.disposed(engine),
            processes.web(url, workers=1, folder=folder) as (port, _),
        ):
            otlp = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
                "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{key}",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            }
            litellm_otlp = {
                "OTEL_EXPORTER": "otlp_http", "OTEL_ENDPOINT": f"http://127.0.0.1:{port}",
                "OTEL_HEADERS": f"Authorization=Bearer {key}", "OTEL_BSP_SCHEDULE_DELAY": "500",
            }  # fmt: skip
            config = proxy_config(upstream.port, port, key)
            tell(f"Starting the LiteLLM proxy {litellm_proxy.VERSION} …")
            with litellm_proxy.running(config, folder, litellm_otlp) as proxy:
                call_all(python, proxy, otlp)
                tell(f"{len(upstream.answered)} calls answered, {upstream.failures} refused.")
                received = wait_until_quiet(port)
            tell_received(port)
            joined = match_calls(
                transactions_on(engine), acme_world.WORKSPACE, now=datetime.now(UTC),
                since=datetime.now(UTC) - timedelta(hours=1),
            )  # fmt: skip
            tell(f"{joined} records without a common id joined their calls, as the clock does.")
        return judge(upstream, engine, received)


def proxy_config(upstream_port: int, web_port: int, key: str) -> str:
    """The proxy's configuration, as docs/connect/litellm.md says it; JSON is YAML."""
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{ALIASES.get(name, name)}", "api_key": "sk-upstream",
                "api_base": f"http://127.0.0.1:{upstream_port}/v1",
            },
        }
        for name in (*MODELS, EMBEDDING)
    ]  # fmt: skip
    sink = {
        "callback_type": "generic_api", "max_retries": 5, "retry_delay": 1.0,
        "endpoint": f"http://127.0.0.1:{web_port}/integrations/litellm/events",
        "headers": {"Authorization": f"Bearer {key}"},
    }  # fmt: skip
    settings = {
        "callbacks": ["storymeter", "otel"], "turn_off_message_logging": True, "cache": True,
        "cache_params": {"type": "local"}, "num_retries": 2,
    }  # fmt: skip
    return json.dumps({
        "model_list": models, "litellm_settings": settings,
        "callback_settings": {"storymeter": sink},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    })  # fmt: skip


def calls_of(kind: str) -> list[dict[str, Any]]:
    """The calls of one client: every door, model and way of naming the story, some of them hard."""
    calls = []
    for number in range(CALLS_EACH):
        # Every tenth prompt repeats the one before it: the gateway answers from its cache.
        place = number - 1 if number % 10 == 5 else number
        door = DOORS[place % len(DOORS)]
        story = f"SHOP-{1 + place % acme_world.STORIES}"
        trouble = {7: fake_upstream.FAIL_ONCE, 8: fake_upstream.FAIL_ALWAYS}.get(place % 20, "")
        calls.append({
            "door": door, "streamed": place % 3 == 0 and door != EMBEDDINGS,
            "model": EMBEDDING if door == EMBEDDINGS else MODELS[place % len(MODELS)],
            "story_key": story, "prompt": f"{kind} works on {story}: call {place} {trouble}",
            "tag": TAGS[place // len(MODELS) % len(TAGS)],
        })  # fmt: skip
    return calls


def call_all(python: Path, proxy: litellm_proxy.Proxy, otlp: dict[str, str]) -> None:
    """Let all clients call at once."""
    script = ROOT / "benchmarks" / "metering_client.py"
    clients = []
    for kind in KINDS:
        asked = {
            "kind": kind, "base_url": f"{proxy.url}/v1", "key": proxy.key,
            "docs": str(ROOT / "docs" / "connect"), "calls": calls_of(kind),
        }  # fmt: skip
        client = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr,
            text=True, env=os.environ | otlp | {"PYTHONPATH": ""},
        )  # fmt: skip
        clients.append((kind, client, json.dumps(asked)))
    try:
        for _, client, asked_text in clients:
            assert client.stdin is not None
            client.stdin.write(asked_text)
            client.stdin.close()
            client.stdin = None
        for kind, client, _ in clients:
            said, _ = client.communicate(timeout=CLIENT_TIMEOUT_S)
            if client.returncode:
                raise CannotRun(f"the {kind} client ended with {client.returncode}")
            tell(f"{kind}: {json.loads(said)['answered']} of {CALLS_EACH} calls answered")
    finally:
        for _, client, _ in clients:
            client.kill()
            client.wait()


def counters(port: int) -> dict[str, int]:
    """How many records the web process has taken, by what became of them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if line.startswith("storymeter_usage_events_total{"):
            outcome = line.partition('outcome="')[2].partition('"')[0]
            found[outcome] = int(float(line.rpartition(" ")[2]))
    return found


def wait_until_quiet(port: int) -> int:
    """Return how many records came, once none has come for a while."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    last, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        total = sum(counters(port).values())
        if total != last:
            last, since = total, time.monotonic()
        elif time.monotonic() - since > QUIET_S:
            return total
        time.sleep(0.25)
    return last


def tell_received(port: int) -> None:
    """Say what became of the records."""
    for outcome, number in sorted(counters(port).items()):
        tell(f"  {outcome:<10} {number:>6}")


def tell(sentence: str) -> None:
    """Say how it goes; the result alone goes to the output."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
