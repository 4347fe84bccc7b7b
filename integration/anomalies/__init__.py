"""Spikes in spend: when they begin, how large they are, why, and when they are over.

Owns: the robust seasonal baseline (`baseline.py`), the rule by which a rise is a spike
(`detection.py`), the split of a spike into causes (`causes.py`), series from a file (`series.py`),
and every spike ever opened.
Does not own: the spend itself (ledger), who is told about a spike, or caps.

Invariants: a point is judged by its past alone, so that replaying a series hour by hour finds the
same spikes as reading it whole. Of one subject at most one spike is open. Causes add up to the
spike's cost over the usual, to the nano-dollar.
"""
