"""Intercom: conversations in which Fin took part."""
