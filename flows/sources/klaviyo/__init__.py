"""Klaviyo: profiles, events, and the Customer Agent's conversations, messages, skills and knowledge (beta)."""
