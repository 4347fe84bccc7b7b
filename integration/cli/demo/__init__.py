"""A two-week Sprint of a fictional team, played in under a minute against a local Jira and Slack.

Owns: Acme's stories and their true usage, what its people do, and the narration.
Does not own: anything that StoryMeter does. The demo acts from outside, over HTTP, as people and
gateways do, and looks for the results where they would look; a step without its result fails.
Time is the only thing it bends: all processes share a clock that it moves (`foundation/clock.py`).
"""
