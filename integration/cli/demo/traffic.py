"""Acme's usage, call by call, from one seed.

Lengths are log-normal with the scatter of the Azure LLM coding trace of 2023 (Patel et al.,
Splitwise, ISCA 2024, CC-BY 4.0): its quartiles are 578 and 2744 tokens of input, 9 and 24 of
output, hence σ = ln(Q3/Q1) / 1.349 of 1.15 and 0.73; halved here, since one story's calls are more
alike than a whole service's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import exp, log
from random import Random
from typing import TYPE_CHECKING, Any

from integration.cli.demo.acme import FINE_TUNE, STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.cli.demo.acme import Truth

INPUT_SIGMA = log(2744 / 578) / 1.349 / 2
OUTPUT_SIGMA = log(24 / 9) / 1.349 / 2
HOUR_WEIGHTS = (1, 1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 9, 8, 9, 10, 9, 8, 6, 4, 3, 2, 2, 1, 1)
SPIKE_HOUR = 13
SPIKE_HOURS = 3


def calls_of(
    story_key: str, truth: Truth, start: datetime, days: int, spike_day: int, seed: int
) -> list[dict[str, Any]]:
    """All of a story's calls as usage events, in order of time. `start` is a midnight."""
    random = Random(f"{seed} {story_key}")
    moments = sorted(_moment(random, start, days) for _ in range(truth.calls))
    events = [_event(random, story_key, truth, at, 1.0, place) for place, at in enumerate(moments)]
    spike = start + timedelta(days=spike_day, hours=SPIKE_HOUR)
    for place in range(truth.spike_calls):
        at = spike + timedelta(hours=SPIKE_HOURS * place / truth.spike_calls)
        events.append(_event(random, story_key, truth, at, 2.0, truth.calls + place))
    return sorted(events, key=lambda event: event["occurred_at"])


def unattributed_calls(start: datetime, days: int, seed: int) -> Iterator[dict[str, Any]]:
    """A few calls of which nobody said what they were for."""
    random = Random(f"{seed} unattributed")
    for place in range(80):
        yield {
            "event_id": f"stray-{place}",
            "occurred_at": _moment(random, start, days).isoformat(),
            "provider_name": "openai",
            "request_model": "gpt-4o-mini",
            "input_tokens": random.randint(500, 4000),
            "output_tokens": random.randint(50, 400),
        }


def _moment(random: Random, start: datetime, days: int) -> datetime:
    hour = random.choices(range(24), HOUR_WEIGHTS)[0]
    day = random.randrange(days)
    return start + timedelta(days=day, hours=hour, seconds=random.randrange(3600))


def _event(
    random: Random, story_key: str, truth: Truth, at: datetime, longer: float, place: int
) -> dict[str, Any]:
    given = _length(random, truth.input_tokens * longer, INPUT_SIGMA)
    made = _length(random, truth.output_tokens, OUTPUT_SIGMA)
    return {
        "event_id": f"{story_key}-{place}",
        "response_id": f"resp-{story_key}-{place}",
        "occurred_at": at.isoformat(),
        "provider_name": truth.provider_name,
        "request_model": truth.model,
        "operation_name": truth.operation_name,
        "story_key": story_key,
        "input_tokens": given,
        "cache_read_input_tokens": int(given * truth.cached_share) if longer == 1.0 else 0,
        "output_tokens": made,
        "region": "" if truth.operation_name == "embeddings" else "us-east-1",
    }


def _length(random: Random, mean: float, sigma: float) -> int:
    """A log-normal length whose mean is `mean`; nothing stays nothing."""
    return max(1, round(mean * exp(random.gauss(0, sigma) - sigma**2 / 2))) if mean else 0


def fine_tune(story_key: str, midnight: datetime) -> dict[str, Any]:
    """One night of training on eight GPUs."""
    planned = next(each for each in STORIES if each.summary == FINE_TUNE)
    return {
        "event_id": "fine-tune-1",
        "occurred_at": (midnight + timedelta(days=5, hours=20)).isoformat(),
        "provider_name": "aws",
        "accelerator": "H100",
        "gpu_count": 8,
        "gpu_hours": planned.accelerator_hours,
        "operation_name": "training",
        "region": "us-east-1",
        "story_key": story_key,
    }
