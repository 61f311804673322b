"""Zendesk: tickets with their first reply, solved time and satisfaction, from the incremental export."""
