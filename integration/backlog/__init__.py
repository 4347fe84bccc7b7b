"""Jira's issues in Scrum's words: stories, Sprints, and which story was in which Sprint when.

Owns: the last known state of each story and Sprint, the history of Sprint membership as half-open
intervals, and the rule that says which stories are AI work (`ai_work.py`).
Does not own: how Jira is asked (`jira/`), estimates, or spend.

Invariants: a story's membership intervals in one Sprint never overlap; the history is replaced as
a whole from Jira's changelog, so that events seen twice or out of order lead to the same rows.
"""
