"""What a story's AI use will cost before it is spent: tokens, dollars, energy and CO₂e as ranges.

Owns: the workloads a story states (`workload.py`, `workload_table.py`), the forecast from them
(`forecast.py`), what a team's closed stories teach (`calibration.py`), suggestions for missing
inputs, what-if alternatives, the retraining guard, and every version of every estimate with its
inputs, assumptions and methods.
Does not own: prices and factors, what was really spent, or how Jira shows it.

Invariants: an estimate is low ≤ central ≤ high (P10, P50, P90). What is missing is named and
leaves no figure: never 0. A version is never changed; a change of inputs makes a new one.
"""
