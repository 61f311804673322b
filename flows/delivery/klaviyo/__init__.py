"""Klaviyo as a place to deliver to: a list for each segment, and events."""

from flows.delivery.klaviyo.client import FoundList, Klaviyo

__all__ = ["FoundList", "Klaviyo"]
