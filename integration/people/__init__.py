"""Who may look and who may act: people, and the role each has in a workspace.

Owns: the four roles and what each is allowed beyond the one before, who was given which role, how
groups of a sign-in provider name roles, and which Jira account somebody in Slack has.
Does not own: how a person proves who they are (`web/sign_in.py`), or API keys (`workspaces/`).

Invariants: a person is known by an e-mail address that the sign-in provider vouches for, in lower
case. Whoever has no role in a workspace cannot tell that it exists.
"""
