"""What may be spent: caps, the holds against them, and the decision whether a call may go ahead.

Owns: caps with their scope, unit and window; authorizations and their holds; the running amount
spent under each cap; which thresholds have fired; which calls were denied.
`policy.py` decides, `combiner.py` lets the threads of a process be decided together.
Does not own: what a call costs (`pricing/`), the books (`ledger/`), or who is told.

Invariants: under a blocking cap, spent + held never exceeds the limit by a granted hold. `held` is
the sum of the open holds. Every hold ends in exactly one way: captured, void or expired. A grant
locks the cap's row first and reads what is spent in a later statement, so that it sees every
capture that came before; no cap is kept by a counter that is checked and then increased.
"""
