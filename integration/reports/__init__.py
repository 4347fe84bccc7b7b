"""Numbers for people: what a page, a Slack message, a Jira comment or a file shows, as plain data.

Owns: the shapes of reports and their assembly from other rooms' figures.
Does not own: wording, layout, rounding (`templates/`), or any figure of its own.

Invariants: amounts are the stored integers (nano-USD, µWh, µgCO₂e); an unknown is None, never 0.
"""
