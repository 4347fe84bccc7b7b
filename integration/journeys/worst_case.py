"""The most a call can cost, use and emit, known before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps.context_windows import context_window
from integration.caps.policy import Amounts
from integration.carbon.footprint import Footprint
from integration.foundation.errors import FieldError, InvalidInput
from integration.pricing.price_book import Priced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from integration.caps.request import AuthorizationRequest
    from integration.journeys.books import Books


def worst_case(asked: AuthorizationRequest, region: str, books: Books, now: datetime) -> Amounts:
    """Price every output token the call may make, and its input in the dearest way.

    No input is taken as read from a cache; writing all of it to one costs more with some sellers.
    """
    output = largest_output(asked, books)
    _, cost = _dearest(asked, output, books, now)
    footprints = [
        found.location_based_ugco2e
        for written in {0, asked.input_tokens}
        if isinstance(
            found := books.carbon.footprint(
                asked.provider_name, asked.model, region or None, input_tokens=asked.input_tokens,
                output_tokens=output, cache_write_input_tokens=written,
            ),
            Footprint,
        )
    ]  # fmt: skip
    return Amounts(cost, asked.input_tokens + output, max(footprints, default=None))


def dearest_classes(asked: AuthorizationRequest, books: Books, at: datetime) -> Mapping[str, int]:
    """Return the token counts, by their name in a usage event, that cost what the hold was for."""
    output = largest_output(asked, books)
    return {
        "input_tokens": asked.input_tokens, "output_tokens": output,
        **_dearest(asked, output, books, at)[0],
    }  # fmt: skip


def largest_output(asked: AuthorizationRequest, books: Books) -> int:
    """Return the most output tokens the call may make: as asked, else what the model can.

    Raises:
        InvalidInput: nothing was asked, and nobody states the model's context window.
    """
    if asked.max_output_tokens is not None:
        return asked.max_output_tokens
    name = books.prices.canonical(asked.provider_name, asked.model)
    window = name and context_window(name.provider_name, name.model)
    if not window:
        message = f"give max_output_tokens: the maximum of {asked.model!r} is not known"
        raise InvalidInput(
            "The authorization request needs mending",
            errors=(FieldError("/max_output_tokens", "missing", message),),
        )
    return max(0, window - asked.input_tokens)


def _dearest(
    asked: AuthorizationRequest, output: int, books: Books, at: datetime
) -> tuple[Mapping[str, int], int | None]:
    """The classes the tokens may fall into and their contracted nano-USD; None without a price."""
    written = {"cache_write_input_tokens": asked.input_tokens}
    written_1h = written | {"cache_write_1h_input_tokens": asked.input_tokens}
    reasoned = {"reasoning_output_tokens": output}
    dearest: tuple[Mapping[str, int], int | None] = ({}, None)
    ways = ({}, written, written_1h) if asked.input_tokens else ({},)
    for classes in (*ways, *(way | reasoned for way in ways)) if output else ways:
        priced = books.prices.list_cost(
            asked.provider_name, asked.model, at, input_tokens=asked.input_tokens,
            output_tokens=output, service_tier=asked.service_tier, **classes,
        )  # fmt: skip
        if not isinstance(priced, Priced):
            continue
        if dearest[1] is None or priced.contracted_cost_nanousd > dearest[1]:
            dearest = classes, priced.contracted_cost_nanousd
    return dearest
