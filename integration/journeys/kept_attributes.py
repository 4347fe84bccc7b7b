"""What the book keeps of an event besides its columns: one JSON object, never any content."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from integration.carbon.live_grid import LiveFactor  # msgspec resolves field types.
from integration.metering.usage import NO_HOURS

if TYPE_CHECKING:
    from integration.metering.usage import UsageEvent


class OfKind(msgspec.Struct, omit_defaults=True, gc=False):
    """What many events have in common; what is as usual is left out."""

    request_model: str = ""
    operation_name: str = "chat"
    service_tier: str = "standard"
    branch: str = ""
    key_alias: str = ""
    user: str = ""
    session: str = ""
    environment: str = ""
    prompt_version: str = ""
    workload_class: str = ""
    tags: tuple[str, ...] = ()
    accelerator: str = ""


class OfCall(msgspec.Struct, omit_defaults=True, gc=False):
    """What one event has for itself."""

    response_id: str = ""
    call_id: str = ""
    event_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    cache_write_1h_input_tokens: int = 0
    gpu_count: int = 0
    gpu_hours: float = NO_HOURS
    gpu_utilisation: float | None = None
    energy_wh: float | None = None
    grid: LiveFactor | None = None
    """The hour's grid intensity that counted; None: the factor of the book's version did."""


KEPT_OF_KIND = OfKind.__struct_fields__
_KEPT_OF_CALL = OfCall.__struct_fields__[:-1]
KEPT_ATTRIBUTES = (*KEPT_OF_KIND, *_KEPT_OF_CALL)
_of_kind = attrgetter(*KEPT_OF_KIND)
_of_call = attrgetter(*_KEPT_OF_CALL)
_to_json = msgspec.json.Encoder().encode
_NOTHING = b"{}"


class KeptAttributes:
    """Renders the attributes of events that agree in KEPT_OF_KIND, these only once."""

    __slots__ = ("_end", "_of_kind")

    def __init__(self, event: UsageEvent) -> None:
        self._of_kind = _to_json(OfKind(*_of_kind(event)))
        self._end = b"}" if self._of_kind == _NOTHING else b"," + self._of_kind[1:]

    def of(self, event: UsageEvent, grid: LiveFactor | None) -> bytes:
        """The JSON of one of them."""
        kept = OfCall(*_of_call(event))
        kept.grid = grid
        own = _to_json(kept)
        return self._of_kind if own == _NOTHING else own[:-1] + self._end
