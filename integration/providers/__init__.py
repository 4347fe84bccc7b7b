"""The outside world's bills and feeds: provider usage and cost reports, grid intensity.

Owns: asking providers and translating their answers into our words.
Does not own: calls, which come through `sources/`; their reports are check totals, never summed
with metered calls.

Empty for now: the seam for cost reports, FOCUS bills and live grid intensity.
"""
