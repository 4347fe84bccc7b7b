"""Under which seller and id a call is priced, from what gateways, clouds and clients call it.

The reseller stays the seller: a Claude call on Bedrock is priced at Bedrock's rate where there is
one. Only wrappers are taken off: the routing prefix of a gateway, a resource path, an ARN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.metering.vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

# These pass calls on and sell nothing themselves, so the model's own name says who sold it.
GATEWAYS = frozenset(
    {"", "custom", "gateway", "helicone", "kong", "langdock", "litellm", "litellm_proxy"}
    | {"portkey", "unknown", "vercel", "vercel_ai_gateway", "_other"}
)
AZURE_SCOPES = frozenset({"eu", "us", "global", "global-standard"})
BEDROCK_WRAPPERS = frozenset({"converse", "converse_like", "invoke", "inference-profile"})


def seller_of(provider_name: str | None) -> str | None:
    """Return the seller's id, or None where the name is a gateway's or missing."""
    given = (provider_name or "").strip().lower()
    return None if given in GATEWAYS else VENDORS.get(given, given)


def candidates(provider_name: str | None, model: str) -> Iterator[tuple[str | None, str]]:
    """Yield (seller, model id) pairs to look up, the likeliest first.

    A seller of None means: nobody is named, judge by the model's name.
    """
    seller = seller_of(provider_name)
    plain = model.strip().lower()
    seen: set[tuple[str | None, str]] = set()
    for candidate in _in_order(seller, plain):
        if candidate[1] and candidate not in seen:
            seen.add(candidate)
            yield candidate


def _in_order(seller: str | None, model: str) -> Iterator[tuple[str | None, str]]:
    prefix, slash, rest = model.partition("/")
    prefixed = VENDORS.get(prefix) if slash else None
    if seller is None and prefixed is not None:
        yield from _in_order(prefixed, rest)
    if seller is None and slash and prefix in GATEWAYS:
        yield from _in_order(None, rest)
    yield seller, model
    if seller is not None:
        yield from ((seller, bare) for bare in _unwrapped(seller, model))
        if prefixed == seller:
            yield from _in_order(seller, rest)
        elif prefixed is not None:
            yield seller, rest
            yield from _in_order(prefixed, rest)


def _unwrapped(seller: str, model: str) -> Iterator[str]:
    """Yield the id inside a resource name or a scoped route of one seller."""
    if seller == "google":
        path = model.rsplit("models/", 1)[-1]
        yield path
        yield path.replace("@", "-")
    elif seller == "aws":
        yield from _inside_bedrock_name(model)
    elif seller == "azure":
        scope, slash, rest = model.partition("/")
        if slash and scope in AZURE_SCOPES:
            yield rest


def _inside_bedrock_name(model: str) -> Iterator[str]:
    if model.startswith("arn:"):
        yield model.rsplit("/", 1)[-1]
        return
    rest = model
    while "/" in rest:
        head, _, rest = rest.partition("/")
        if head not in BEDROCK_WRAPPERS and head.count("-") < 2:
            return
        yield rest
