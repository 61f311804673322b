"""Gorgias: tickets with their first human reply, closing time and satisfaction, newest first."""
