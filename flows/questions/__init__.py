"""Questions of shoppers, the topics that they group into, and what the knowledge base has for them (chapter 8)."""

from __future__ import annotations

from flows.questions.versions import method

__all__ = ["method"]
