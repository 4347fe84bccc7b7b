"""Who uses this deployment: workspaces, their connections and teams, their API keys, the audit log.

Owns: the settings of a workspace (time zone, default region, AI-work rule), how its Jira site and
Slack team are reached (secrets encrypted at rest), its Scrum teams, hashed API keys with scopes,
and the append-only audit log.
Does not own: what is called with them, or any story, price or spend.

Invariants: every table of the house carries `workspace_id` and every unique key begins with it.
A key's secret is shown once, at creation, and stored only as a digest.
"""
