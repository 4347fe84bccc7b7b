"""Caps at the gateways that teams run: a real LiteLLM proxy, Debian's nginx, an agent in Python.

StoryMeter really runs, with a local Jira and Slack; the gateways are configured as docs/connect
says, before a provider on loopback whose own log is the truth. The last line of the output is JSON;
where a gateway cannot be had it is `{"skipped": why}`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import fake_upstream, litellm_proxy, nginx
from benchmarks.gateway_calls import Client
from benchmarks.gateway_steps import Lane
from benchmarks.gateways_stage import ROOT, Stage, example, stage
from benchmarks.peer_venvs import CannotRun
from integration.cli.demo.people import StepDidNotHappen

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = """
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/gpt-4o, api_key: sk-none, api_base: "{provider}/v1"}}
  - model_name: fast
    litellm_params: {{model: openai/gpt-4o-mini, api_key: sk-none, api_base: "{provider}/v1"}}
  - model_name: shaky
    litellm_params: {{model: openai/gpt-4o-mini, api_key: sk-none, api_base: "http://127.0.0.1:9"}}
router_settings:
  num_retries: 1
  fallbacks: [{{"shaky": ["gpt-4o"]}}]
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""


def main() -> int:
    """Run all steps; 1 when a cap was exceeded or a step did not happen."""
    try:
        nginx.program()
        with tempfile.TemporaryDirectory(prefix="sm-peers-") as folder:
            lane = run(Path(folder))
    except (CannotRun, nginx.NotInstalled) as why:
        print(json.dumps({"skipped": str(why)}))
        return 0
    except StepDidNotHappen as why:
        tell(why.message)
        return 1
    print(lane.table())
    print(json.dumps(lane.result()))
    return 1 if lane.over_cap_nanousd else 0


def run(folder: Path) -> Lane:
    """Start everything and take the steps one after the other."""
    truth = fake_upstream.FairUpstream(0)
    with fake_upstream.running(truth), stage(folder, truth) as here:
        provider = f"http://127.0.0.1:{truth.port}"
        lane = Lane(here, tell)
        with _litellm(here, folder / "gate", _plug_in(provider), provider) as client:
            lane.loop_to_the_cap(client)
            lane.read_the_refusal()
            lane.look_for_notices()
            lane.approve(client)
            lane.kill_storymeter(client)
            lane.retry_and_fall_back(client)
            lane.leave(client)
            plain = MODELS.format(provider=provider)
            with _litellm(here, folder / "plain", plain, provider) as other:
                lane.compare_speed(client, other)
        with _litellm(here, folder / "guard", _guardrail(here, provider), provider) as client:
            lane.loop_through_the_guardrail(client)
        with nginx.running(folder / "nginx", here.settings.url, provider, here.key) as url:
            lane.loop_through_nginx(url)
        lane.run_an_agent(folder / "agent", provider)
        return lane


@contextmanager
def _litellm(here: Stage, folder: Path, config: str, provider: str) -> Iterator[Client]:
    """Run a proxy; the plug-in is copied beside its configuration, as people do in containers."""
    folder.mkdir()
    shutil.copy(ROOT / "storymeter" / "litellm_plugin.py", folder / "storymeter_gate.py")
    settings = {
        "STORYMETER_URL": here.settings.url, "STORYMETER_KEY": here.key,
        "STORYMETER_TIMEOUT_S": "10",  # All of it shares a machine that may be busy.
        "OTEL_EXPORTER": "otlp_http", "OTEL_ENDPOINT": here.settings.url,
        "OTEL_HEADERS": f"Authorization=Bearer {here.key}",
    }  # fmt: skip
    tell(f"Starting a LiteLLM proxy {litellm_proxy.VERSION} before {provider} …")
    with litellm_proxy.running(config, folder, settings) as proxy:
        yield Client(proxy.url, proxy.key)


def _plug_in(provider: str) -> str:
    config = example("litellm.md")
    assert "storymeter.litellm_plugin.gate" in config
    return MODELS.format(provider=provider) + config.replace(
        "storymeter.litellm_plugin.gate", "storymeter_gate.gate"
    )


def _guardrail(here: Stage, provider: str) -> str:
    config = example("litellm-guardrail.md")
    assert config.count("http://127.0.0.1:8080") == 2
    config = config.replace("http://127.0.0.1:8080", here.settings.url).replace("smk_…", here.key)
    return MODELS.format(provider=provider) + config


def tell(sentence: str) -> None:
    """Say how it goes; the result alone goes to the output."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
