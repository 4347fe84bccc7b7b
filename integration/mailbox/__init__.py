"""What was received and not yet read, and what was promised to the outside and not yet shown there.

Owns: the inbox (webhooks, kept under the sender's delivery id), the outbox (one row per thing the
outside shall show: a story's fields, a comment, a Slack message), and the systems that a workspace
waits for.
Does not own: what a message means, or how it is sent.

Invariants: an inbox row is unique by delivery id. An outbox row states the *wished* content of its
subject; a change raises its version, delivery remembers which version the outside has seen and the
receipt (comment id, message ts) by which the next version edits instead of posting again.
Rows are claimed with FOR UPDATE SKIP LOCKED and a lease by the database's clock: a crash lets the
lease run out.
"""
