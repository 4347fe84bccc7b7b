"""What the service does: one file per use case, one transaction each.

Owns: the order of steps in which rooms work together, and what is promised to the outside.
Does not own: rules (the rooms'), wire formats, HTTP, or the clock: `now` is always handed in.

Invariants: a journey opens the only transaction (`with transactions.begin() as session:`); no
network inside it; what the outside shall be told is promised in the outbox in the same commit.
"""
