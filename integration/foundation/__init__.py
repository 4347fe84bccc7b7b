"""The ground every room stands on: errors, database, money, quantities, periods, clock, wording.

Owns the base of all tables and transactions, the migration of a database, the embedded PostgreSQL,
the sealing of secrets, and the one set of filters that round numbers for people.

Owns no business word and no table. Knows no room. What is here is used by at least two rooms and
carries a meaning of its own; anything else belongs to the room that needs it.
"""
