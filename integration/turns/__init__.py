"""Whose turn it is, among any number of processes.

Owns: the slots of the clock (a unique row for each job and slot: whoever inserts it runs the job),
and the pace of places outside that take only so much (a Slack channel: one message a second).
Does not own: what a job does, or what is sent to a place.

Invariants: a slot is taken once, whatever crashes; who takes a turn at a place is told how long to
wait, and no two are told the same moment.
"""
