"""Ask StoryMeter before a model is called, and tell it afterwards what the call used.

    import storymeter

    with storymeter.hold(
        story="ACME-1", model="gpt-4o-mini", input_tokens=1200, max_output_tokens=400
    ) as hold:
        answer = call_the_model(max_tokens=400)
        hold.capture(input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)

`async with` works the same. `STORYMETER_URL` and `STORYMETER_KEY` say where and as whom.

Owns: the client that scripts, agents and gateways carry, with the standard library alone;
`litellm_plugin.py` is a plug-in for the LiteLLM proxy and works as a copied file, too.
Does not own: any decision. It imports nothing of the server, and the server nothing of it.
"""

from storymeter.client import Client, hold
from storymeter.errors import CapReached, OnFailure, Refused, StoryMeterError, Unavailable
from storymeter.holding import Hold

__all__ = [
    "CapReached",
    "Client",
    "Hold",
    "OnFailure",
    "Refused",
    "StoryMeterError",
    "Unavailable",
    "hold",
]
