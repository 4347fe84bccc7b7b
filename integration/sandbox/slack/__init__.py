"""A local Slack workspace over HTTP, to try StoryMeter on and to test it against.

Owns the workspace's state in memory (channels, people, messages, views, files), the Web API's
paths and answers, the limits of Block Kit, the signed requests which Slack sends to an app
(events, commands, interactions), a page to look at, and the `/_sandbox` endpoints which drive it.
Does not own anything of StoryMeter: the product speaks to it over HTTP like to the real Slack.
Invariants: state changes only under the workspace's lock; no request leaves while it is held, as
the receiver may call back; what Slack would refuse is refused and remembered; text from anywhere
is shown, never executed.
"""
