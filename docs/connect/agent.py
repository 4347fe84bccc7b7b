"""An agent's calls under its story's caps: nothing but Python and `pip install storymeter`.

export STORYMETER_URL=http://127.0.0.1:8080 STORYMETER_KEY=smk_…
export OPENAI_BASE_URL=https://api.openai.com/v1 OPENAI_API_KEY=sk-…
python agent.py ACME-1 "Say hello."
"""

import asyncio
import json
import os
import sys
from typing import Any
from urllib.request import Request, urlopen

import storymeter

MODEL = "gpt-4o-mini"
MOST = 200


def ask_the_model(prompt: str) -> Any:
    """One chat completion; any client library does."""
    body = {
        "model": MODEL, "max_tokens": MOST, "messages": [{"role": "user", "content": prompt}],
    }  # fmt: skip
    request = Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(),
        {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}",
         "Content-Type": "application/json"},
    )  # fmt: skip
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


def call(story: str, prompt: str) -> str:
    """Hold, call, capture."""
    with storymeter.hold(
        story=story, model=MODEL, provider="openai",
        input_tokens=len(prompt.encode()),  # A token is at least one byte.
        max_output_tokens=MOST,
    ) as hold:  # fmt: skip
        answer = ask_the_model(prompt)
        capture(hold, answer)
        return str(answer["choices"][0]["message"]["content"])


async def call_in_a_coroutine(story: str, prompt: str) -> str:
    """The same with `async with`."""
    async with storymeter.hold(
        story=story, model=MODEL, provider="openai", input_tokens=len(prompt.encode()),
        max_output_tokens=MOST,
    ) as hold:  # fmt: skip
        answer = await asyncio.to_thread(ask_the_model, prompt)
        capture(hold, answer)
        return str(answer["choices"][0]["message"]["content"])


def capture(hold: storymeter.Hold, answer: Any) -> None:
    """Say what the provider counted."""
    usage = answer["usage"]
    hold.capture(
        input_tokens=usage["prompt_tokens"],
        output_tokens=usage["completion_tokens"],
        cache_read_input_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
        response_id=answer["id"],
    )


def main() -> int:
    """Call twice, once each way; 1 when a cap refuses."""
    story, prompt = sys.argv[1:]
    try:
        print(call(story, prompt))
        print(asyncio.run(call_in_a_coroutine(story, prompt)))
    except storymeter.CapReached as refused:
        print(refused, file=sys.stderr)
        if refused.alternative:
            print(f"Try {refused.alternative}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
