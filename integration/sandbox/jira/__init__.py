"""A local Jira Cloud: stateful, in memory, with the real REST, Agile and webhook shapes.

Owns: fields with contexts, association and screens; issues with ADF, changelog, comments and
properties; JQL search; boards and Sprints with their life cycle; webhooks with signature and
retries; rate limits, outages and other ill weather on demand (`/_sandbox/`); pages to look at.

Does not own: what StoryMeter makes of any of it.

Invariants: rich text is kept as ADF, and v2 sees it as wiki markup; each change of an issue is in
its changelog; a Sprint goes future, active, closed and back only by the control endpoint; times
come from the given clock. Decisions where the real Jira is undocumented stand beside the code.
"""
