"""What others send, in the one shape that the rest of the house knows: one file per wire format.

Owns: translation of bytes into `UsageEvent`s (`batch.py` says in which shape they come back), the
conventions by which senders count cached tokens, and the names under which they carry a story.
Does not own: what an event may contain (`metering/usage.py`), which story it belongs to
(`metering/attribution.py`), money, storage, HTTP answers.

Every source has `read(body, *, now, …) -> Batch`. A body that is malformed as a whole raises
`InvalidInput`; one bad item is rejected alone and the others are read; nothing else is ever raised.

Invariants: `input_tokens` includes cached tokens and `output_tokens` includes reasoning tokens in
every event that leaves here; no event carries prompt or completion text, because readers pick the
fields they know and drop the rest. Metrics become `CheckTotal`s, which are never added to events.
"""
