"""A Sprint under load while everything breaks; afterwards the books are recounted.

    make faults                       five runs with different seeds
    python -m benchmarks.faults --runs 1 --seed 7 --seconds 40

`scene.py` starts PostgreSQL, a local Jira and Slack, two web processes and two workers, with a
proxy before the web and another before the database. `load.py` sends usage and asks for calls as
at-least-once clients do. `weather.py` breaks one thing after another, in an order drawn from the
seed. `recount.py` compares what clients were told with what the books, Jira and Slack show.
"""
