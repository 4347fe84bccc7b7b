"""A local Jira and a local Slack to try StoryMeter on: tools for demonstration and for tests.

Owns: one HTTP server per outside world, speaking the real paths and shapes, with its state in
memory, a page to look at and control endpoints under `/_sandbox/` (loopback only).

Does not own: anything of the product. The product talks to these servers over HTTP through its
real adapters and does not know that they are local; no room imports this one.

Invariants: all times come from the clock that was given; a request sees and leaves a whole state
(one lock per site); refusals carry the real status codes and, where known, the real wording.
"""
