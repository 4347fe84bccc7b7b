"""Estimates against what was metered, once a Sprint closes, and again when usage comes late.

Owns: the split of a story's variance into causes (`variance.py`), how good a team's estimates are
(`accuracy.py`), savings and what caps prevented (`savings.py`), sharing out unattributed spend
(`allocation.py`), and every revision of a Sprint's report with what changed between two
(`revision.py`).
Does not own: the figures it compares (estimation, ledger, caps) or the layout of a report.

Invariants: parts add up to their total to the nano-dollar. A revision is never changed; a report
with other content makes the next one, the same content makes none. An unknown is None, never 0.
"""
