"""Klaviyo's segment definitions, from and to ours: whatever both can say goes over without a loss.

What only one of them can say is refused, with the reason. The shape is that of Klaviyo's Segments API, revision
2026-07-15 (`SegmentDefinition` of klaviyo/openapi). Nothing here was ever sent to Klaviyo.
"""

from flows.audiences.klaviyo.importing import KlaviyoSegment, definition_from, segments_in
from flows.audiences.klaviyo.names import KlaviyoMetrics, Unsayable
from flows.audiences.klaviyo.writing import definition_for, lost

__all__ = [
    "KlaviyoMetrics",
    "KlaviyoSegment",
    "Unsayable",
    "definition_for",
    "definition_from",
    "lost",
    "segments_in",
]
