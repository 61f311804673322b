"""HubSpot: conversations in which an AI agent or a bot took part."""
