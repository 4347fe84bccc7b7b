"""StoryMeter: every AI dollar and every gram of CO₂e on the story that spent it.

The house, from the roof down (a floor uses only the floors below it; see docs/architecture.md):

    app  worker  cli                        put the parts together; the only readers of settings
    web  jobs  sandbox                      doors: HTTP and the clock; a local Jira and Slack
    journeys  jira  slack  providers  sources    use cases; the outside world and its wire formats
    reports                                 numbers for pages, messages and files
    reconciliation  anomalies  forecasting  estimate against actual; spikes; where the Sprint ends
    estimation  caps                        what a story will cost; what may be spent
    ledger  mailbox                         what was spent; what was received and promised
    pricing  carbon                         dated prices; energy and emission factors
    metering  backlog  workspaces           usage in one shape; stories and Sprints; customers
    foundation                              errors, database, money, periods, clock
"""
