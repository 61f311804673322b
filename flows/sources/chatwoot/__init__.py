"""Chatwoot: conversations in which Captain or an agent bot took part."""
