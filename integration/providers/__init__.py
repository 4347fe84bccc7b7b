"""The outside world's feeds: the intensity of a power grid by the hour.

Owns: asking providers and translating their answers into our words.
Does not own: calls, which come through `sources/`; when a feed is asked, which is a job's; what its
values count for, which is `carbon`'s. Cost reports of providers and FOCUS bills would come here.

Invariants: an adapter keeps no state, asks one place only, within a time limit, and never inside a
transaction. What it cannot read, it raises; it never makes a value up.
"""
