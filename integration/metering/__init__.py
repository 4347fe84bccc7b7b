"""What was consumed, in one shape whatever sent it.

Owns: `UsageEvent`, the check of its values, the identities by which the same call is recognised
(`identity.py`), and the rules that say which story a call belongs to (`attribution.py`).
Does not own: wire formats (`sources/`), money (`pricing/`), where it is written (`ledger/`).

Invariants: `input_tokens` includes cached tokens, `output_tokens` includes reasoning tokens;
sources normalise before they build an event. An event never carries prompt or completion text.
"""
