"""What AI usage costs: list and contracted cost of tokens, accelerator hours and storage.

Owns the price book: dated list prices (genai-prices, pinned, compiled once into our own rows), the
override rows an administrator adds, the names that gateways and clouds give a model, and the
arithmetic from tokens to integer nano-USD.

Does not own what was used (metering), what an invoice says (reconciliation) or emissions (carbon).

Invariants: a price is never made up: what has no price is `Unpriced` with a reason, never 0. An
amount is exact until one half-even rounding to nano-USD. Rows are dated and never overwritten, and
`price_version` names the data that priced an event.
"""
