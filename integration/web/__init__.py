"""Doors for people and machines: HTTP comes in, one journey is called, an answer goes out.

Owns: routes, who may enter (`access.py`), the one table from our errors to HTTP (`errors.py`), the
limits on what is accepted, pages, and the description of it all at `/openapi.json`.
Does not own: use cases (`journeys/`), wire formats (`sources/`, `jira/`, `slack/`), wording
(`templates/`).

Invariants: every route says who may enter; every query is bound to the caller's workspace; a
request is never half-accepted silently; a secret is never echoed.
"""
