"""A client with a real instrumentor, in its own environment: makes the calls that stdin lists.

    python metering_client.py < {"kind", "base_url", "key", "docs", "calls": [{…}]}

Where the OTLP goes is in OTEL_EXPORTER_OTLP_*. Runs without StoryMeter's packages.
"""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    WorkingOn = Callable[[str], AbstractContextManager[object]]
    """Works on one story inside the block."""
    SetUp = Callable[[str], tuple[WorkingOn, Callable[[], object]]]

THREADS = 4


def main() -> None:
    """Make every call, flush, and print how many were answered."""
    asked = json.load(sys.stdin)
    kind = asked["kind"]
    observers = ["openllmetry", "openinference", "logfire"] if kind == "all" else [kind]
    import openai

    marks: list[WorkingOn] = []
    closings: list[Callable[[], object]] = []
    for observer in observers:
        working_on, close = SET_UP[observer](asked["docs"])
        marks.append(working_on)
        closings.append(close)
    client = openai.OpenAI(base_url=asked["base_url"], api_key=asked["key"], max_retries=0)

    def make(call: dict[str, Any]) -> bool:
        with ExitStack() as stack:
            for working_on in marks:
                stack.enter_context(working_on(call["story_key"]))
            return completed(client, call)

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            answered = sum(pool.map(make, asked["calls"]))
    finally:
        for close in closings:
            close()
    print(json.dumps({"answered": answered, "observers": len(observers)}))


def completed(client: Any, call: dict[str, Any]) -> bool:
    """Make one call; False when the provider would not answer it."""
    import openai

    body = {"metadata": {"tags": [f"jira:{call['story_key']}"]}} if call["tag"] == "body" else None
    more = {"model": call["model"], "extra_headers": headers(call), "extra_body": body}
    try:
        if call["door"] == "embeddings":
            client.embeddings.create(input=call["prompt"], encoding_format="float", **more)
            return True
        if call["door"] == "responses":
            found = client.responses.create(input=call["prompt"], stream=call["streamed"], **more)
        else:
            if call["streamed"]:
                more |= {"stream": True, "stream_options": {"include_usage": True}}
            said = [{"role": "user", "content": call["prompt"]}]
            found = client.chat.completions.create(messages=said, **more)
        if call["streamed"]:
            for _ in found:
                pass
    except openai.OpenAIError as error:
        if "fail always" not in call["prompt"]:
            print(f"{call['prompt']}: {error}", file=sys.stderr)
        return False
    return True


def headers(call: dict[str, Any]) -> dict[str, str]:
    """Tell the gateway the story in one of the ways that docs/connect/litellm.md names."""
    story = call["story_key"]
    return {
        "x-litellm-tags": {"x-litellm-tags": f"jira:{story},team:assist"},
        "spend-logs": {"x-litellm-spend-logs-metadata": json.dumps({"jira_issue": story})},
        "x-jira-issue": {"x-jira-issue": story},
    }.get(call["tag"], {})


def traced() -> Any:
    """A tracer provider that exports to where the environment says."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def openllmetry(docs: str) -> tuple[WorkingOn, Callable[[], object]]:
    """OpenLLMetry, with the story in the baggage: the snippet of docs/connect/opentelemetry.md."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    page = Path(docs, "opentelemetry.md").read_text(encoding="utf-8")
    snippet: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], snippet)
    provider = traced()
    provider.add_span_processor(snippet["StoryBaggage"]())
    metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    OpenAIInstrumentor().instrument(tracer_provider=provider, meter_provider=metrics)

    def close() -> None:
        provider.shutdown()
        metrics.shutdown()

    return snippet["story"], close


def openinference(_docs: str) -> tuple[WorkingOn, Callable[[], object]]:
    """OpenInference, with the story in its metadata."""
    from openinference.instrumentation import using_attributes
    from openinference.instrumentation.openai import OpenAIInstrumentor

    provider = traced()
    OpenAIInstrumentor().instrument(tracer_provider=provider)

    @contextmanager
    def working_on(story: str) -> Iterator[None]:
        with using_attributes(metadata={"jira_issue": story}):
            yield

    return working_on, provider.shutdown


def with_logfire(_docs: str) -> tuple[WorkingOn, Callable[[], object]]:
    """Logfire, with the story in its baggage."""
    import logfire

    logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)
    logfire.instrument_openai(suppress_other_instrumentation=False)

    @contextmanager
    def working_on(story: str) -> Iterator[None]:
        with logfire.set_baggage(jira_issue=story):
            yield

    return working_on, logfire.shutdown


SET_UP: dict[str, SetUp] = {
    "openllmetry": openllmetry,
    "openinference": openinference,
    "logfire": with_logfire,
}

if __name__ == "__main__":
    main()
