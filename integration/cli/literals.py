"""Options that take one of the words of a Literal."""

from __future__ import annotations

from typing import Any, get_args

import click


def choice_of(literal: Any) -> click.Choice[str]:
    """The words of a Literal, as a click type.

    >>> from typing import Literal
    >>> choice_of(Literal["on", "off"]).choices
    ('on', 'off')
    """
    return click.Choice(get_args(literal))
