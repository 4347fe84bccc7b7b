"""The adapter to Jira: translates between Jira's REST, webhooks and rich text and our own words.

Owns: all Jira traffic (`gateway.py`, with its pacing and classes of failure), webhook payloads and
signatures, the story section and the comment as ADF, our custom fields, and their provisioning.
Does not own: what a story costs, when something is written, where ids and secrets are kept. It
reads no settings and no database: a `JiraConnection` is handed in.

Invariants: every call has a timeout and, when it fails, a class of failure; a call that may have
happened and would do harm twice is never repeated on its own; what people wrote is never
overwritten; an unknown figure clears its field and is never 0; fields are known by id, not name.
"""
