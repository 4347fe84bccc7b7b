"""Every captured payload is read, to the token, and nothing of its content survives."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from integration.metering.usage import UsageEvent, faults
from integration.sources import otlp_metrics, otlp_traces
from integration.sources.otlp_records import JSON
from tests.sources.golden_readings import CHECK_TOTALS, GOLDEN, NOT_USAGE, NOW, TWINS

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = ("say hi", "hello from the mock", '"hi"', '"content"', '"role"', "messages", "alice@")


@pytest.fixture(scope="session")
def samples(shared_dir: Path) -> Path:
    """The folder of captured payloads."""
    return shared_dir / "samples"


def test_every_sample_is_read_or_is_known_not_to_be_usage(samples: Path) -> None:
    twins = {name.removesuffix(".pb") + ".json" for name in TWINS}
    known = {*GOLDEN, *CHECK_TOTALS, *NOT_USAGE, *twins}
    assert {path.name for path in samples.iterdir()} == known


@pytest.mark.parametrize("name", GOLDEN)
def test_a_captured_payload_reads_as_worked_out_by_hand(samples: Path, name: str) -> None:
    golden = GOLDEN[name]
    batch = golden.read((samples / name).read_bytes(), now=NOW)
    assert batch.rejected == []
    assert batch.ignored == golden.ignored
    expected = {index: UsageEvent(**fields) for index, fields in golden.events.items()}
    assert dict(batch.events) == expected


@pytest.mark.parametrize("name", GOLDEN)
def test_no_word_of_a_prompt_or_an_answer_survives(samples: Path, name: str) -> None:
    for _, event in GOLDEN[name].read((samples / name).read_bytes(), now=NOW).events:
        written = msgspec.json.encode(event).decode()
        assert [word for word in CONTENT if word in written] == []
        assert faults(event, NOW) == []


def test_metrics_are_check_totals_of_both_calls(samples: Path) -> None:
    body = (samples / "otlp_openllmetry_metrics.pb").read_bytes()
    found = otlp_metrics.read(body, now=NOW)
    sums = [(total.token_type, int(total.amount)) for _, total in found.totals]
    assert sums == [("output", 340), ("input", 1200), ("input", 1200), ("output", 340)]
    assert {total.model for _, total in found.totals} == {"up-gpt5m"}
    assert all(total.cumulative and total.unit == "tokens" for _, total in found.totals)
    assert len({total.series for _, total in found.totals}) == 4
    assert (found.rejected, found.ignored) == ([], 8)


@pytest.mark.parametrize("name", TWINS)
def test_a_trace_in_json_reads_like_the_same_trace_in_protobuf(samples: Path, name: str) -> None:
    twin = json.loads((samples / name.replace(".pb", ".json")).read_text())
    body = json.dumps(as_otlp_json(twin)).encode()
    assert otlp_traces.read(body, now=NOW, content_type=JSON) == otlp_traces.read(
        (samples / name).read_bytes(), now=NOW
    )


def as_otlp_json(message: Any) -> Any:
    """Write ids in hexadecimal and enums as numbers, as OTLP/JSON has them."""
    if isinstance(message, list):
        return [as_otlp_json(item) for item in message]
    if not isinstance(message, dict):
        return message
    plain = {name: as_otlp_json(value) for name, value in message.items()}
    for name in ("traceId", "spanId", "parentSpanId"):
        if name in plain:
            plain[name] = base64.b64decode(plain[name]).hex()
    codes = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
    if isinstance(plain.get("code"), str):
        plain["code"] = codes[plain["code"]]
    if isinstance(plain.get("kind"), str):
        plain["kind"] = 1
    return plain
