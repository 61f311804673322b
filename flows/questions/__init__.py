"""Questions of shoppers, the topics that they group into, and what the knowledge base has for them (chapter 8)."""

from __future__ import annotations

from flows.questions.updating import method, update

__all__ = ["method", "update"]
