"""What StoryMeter says in Slack and what people ask of it there.

Owns: the calls of Slack's Web API and what their failures mean, the messages, views and command
answers (wording in `templates/slack/`), and the wiring of events, commands and buttons on Bolt.
Does not own: any figure, decision or table. It gets report shapes in and asks a `SlackDesk`, which
the web door implements, for whatever people ask or decide.

Invariants: text from Jira or from people is escaped and cut before it reaches a message; every
payload stays within Block Kit's limits; a request without a valid signature reaches no listener;
what a modal promises is committed before Slack is told so.
"""
