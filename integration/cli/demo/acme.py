"""Acme's Sprint: the stories as planned, and what they really used."""

from __future__ import annotations

from dataclasses import dataclass

PROJECT = "ACME"
SPRINT = "Assistant Sprint 7"
GOAL = "Customers get a right answer in one message"
HEADINGS = (
    "Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens", "Cached share",
    "Region", "GPU type", "GPU hours",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Truth:
    """What a story really used. Lengths scatter around their mean as in the Azure trace of 2023."""

    provider_name: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cached_share: float = 0.0
    operation_name: str = "chat"
    spike_calls: int = 0
    """Further calls, with twice the input, within a few hours of one afternoon."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A story as its Product Owner writes it. `row` holds the template's cells."""

    summary: str
    row: tuple[str, ...] = ()
    truth: Truth | None = None
    accelerator_hours: float = 0.0
    is_ai: bool = True
    is_done: bool = True
    assignee: str = ""
    """Jira's account id of the one who works on it."""


BEN = "712020:ben"

STORIES = (
    Planned(
        "Answer customer questions in chat",
        ("Chat answers", "gpt-4o", "2,600", "1.8k", "350", "40%", "us-east-1", "", ""),
        Truth("openai", "gpt-4o", 2450, 1900, 340, 0.42),
    ),
    Planned(
        "Summarise long support threads",
        ("Thread summaries", "claude-sonnet-4-5", "700", "9k", "600", "", "us-east-1", "", ""),
        Truth("anthropic", "claude-sonnet-4-5", 760, 8800, 590),
    ),
    Planned(
        "Find help articles by meaning",
        ("Embeddings", "text-embedding-3-small", "1,500", "420", "0", "", "", "", ""),
        Truth("openai", "text-embedding-3-small", 1500, 430, 0, operation_name="embeddings"),
    ),
    Planned(
        "Refund agent that checks the order first",
        ("Refund agent", "gpt-5-mini", "500", "14k", "1.2k", "70%", "us-east-1", "", ""),
        Truth("openai", "gpt-5-mini", 520, 14_500, 1250, 0.68, spike_calls=420),
        is_done=False,
        assignee=BEN,
    ),
    Planned(
        "Fine-tune the intent classifier",
        ("Fine-tune", "", "", "", "", "", "us-east-1", "8 x H100", "6"),
        accelerator_hours=6.5,
    ),
    Planned(
        "Translate the help centre",
        ("Translation", "gpt-4o", "220", "3k", "2.8k", "", "us-east-1", "", ""),
        Truth("openai", "gpt-4o", 900, 3300, 3100),
        assignee=BEN,
    ),
    Planned(
        "Rate the tone of outgoing replies",
        ("Tone check", "gpt-4o-mini", "2,400", "600", "20", "", "us-east-1", "", ""),
        Truth("openai", "gpt-4o-mini", 2350, 620, 18),
    ),
    Planned(
        "Draft release notes from commits",
        ("Release notes", "gemini-2.5-flash", "160", "11k", "900", "", "us-central1", "", ""),
        Truth("google", "gemini-2.5-flash", 150, 11_500, 940),
    ),
    Planned(
        "Speak summaries aloud for agents",
        ("Voice", "acme-voice-1", "300", "700", "200", "", "us-east-1", "", ""),
        Truth("acme", "acme-voice-1", 310, 690, 210),
    ),
    Planned(
        "Explain invoices in plain words",
        ("Invoice chat", "gpt-4o-mini", "", "1.5k", "", "", "us-east-1", "", ""),
        is_done=False,
    ),
    Planned("New colour scheme for the portal", is_ai=False),
    Planned("Keep people signed in for a week", is_ai=False),
)

AGENT = "Refund agent that checks the order first"
FAR_OVER = "Translate the help centre"
UNCLEAR = "Explain invoices in plain words"
FINE_TUNE = "Fine-tune the intent classifier"
TEMPLATE_SHOWN_ON = "Answer customer questions in chat"
