"""Doors for the clock: what a worker process does without being asked over HTTP.

Owns: the timetable, the loop that reads the inbox, the loop that keeps the outbox's promises, and
which adapter serves which promise.
Does not own: use cases (`journeys/`), wording (`templates/`).

Invariants: a job may run in any number of processes at once; each tick is taken once by a unique
row; what is claimed is leased; network is only used between transactions, never inside one.
"""
