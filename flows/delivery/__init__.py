"""Deliveries: segments, events and follow-ups of the published tables, brought to other systems exactly once."""
