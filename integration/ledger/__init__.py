"""What was spent: an append-only book of calls with their cost, energy and emissions.

Owns: ledger entries (one per metered call; the row is the raw event without content), identities
by which a call is recognised again, records that contradict the one that counts, and two roll-ups
kept in the same transaction: by Sprint (for books and caps) and by day (for charts).
Does not own: prices, factors, which story or Sprint an entry belongs to, or limits.

Invariants: an entry is never updated or deleted. A correction is a reversing entry (all amounts
negated) and a new one. A roll-up equals the sum of the entries behind it, to the integer. An
unpriced call has no cost (NULL, not 0) and is counted as unpriced.
"""
