"""How often the template section goes into a story: once, and once more where it got lost."""

from __future__ import annotations

MOST = 2


def section_turns(wanted: int, added: int, *, lacks: bool, is_as_before: bool) -> int:
    """Return how many times the section should have been added by now.

    `lacks`: the story is marked as AI work and has neither section nor table. `is_as_before`: its
    description is the one we added the section to. Whoever takes the section out leaves the rest as
    it was, and is not bothered again. Another text without it was written by somebody whose editor
    was open when we added it: they never saw it, so it is added once more.

    >>> section_turns(0, 0, lacks=True, is_as_before=False)
    1
    >>> section_turns(1, 1, lacks=True, is_as_before=True)
    1
    >>> section_turns(1, 1, lacks=True, is_as_before=False)
    2
    >>> section_turns(2, 2, lacks=True, is_as_before=False)
    2
    >>> section_turns(1, 0, lacks=True, is_as_before=False)  # We have not come to it yet.
    1
    """
    if not lacks:
        return wanted
    if wanted == 0:
        return 1
    was_lost = added >= wanted and not is_as_before
    return min(wanted + was_lost, MOST)
