"""Spans, log records and metric points as protobuf and JSON bodies both give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.sources.otlp_attributes import Attributes

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


@dataclass(slots=True)
class Record:
    """One span or log record with the attributes that are read. Ids are lower-case hexadecimal."""

    scope: str
    resource: Attributes
    attributes: Attributes
    name: str
    trace_id: str
    span_id: str
    time_unix_nano: int
    failed: bool = False


@dataclass(slots=True)
class Point:
    """One data point of a metric: `amount` is the sum of what was observed."""

    scope: str
    resource: Attributes
    attributes: Attributes
    metric: str
    start_unix_nano: int
    time_unix_nano: int
    amount: float
    cumulative: bool
    told_apart_by: bytes
    """Every attribute of the resource and the point, also those which are not read."""
