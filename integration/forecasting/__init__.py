"""What will have been spent when the Sprint ends, as a range.

Owns: the forecast to the end of a Sprint from what was spent so far and what was estimated
(`sprint_forecast.py`), and what its open stories have left of their estimates
(`open_stories.py`).
Does not own: estimates of single stories (estimation), the spend (ledger), or caps.

Invariants: a forecast is low ≤ central ≤ high (P10, P50, P90), never below what is already spent,
and narrows to exactly that when the Sprint is over. With nothing to go by there is no forecast.
"""
