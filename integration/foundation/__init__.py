"""The ground every room stands on: errors, database, money, quantities, periods, clock.

Owns no business word and no table. Knows no room. What is here is used by at least two rooms and
carries a meaning of its own; anything else belongs to the room that needs it.
"""
