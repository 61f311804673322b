"""Hand-offs that become tickets: a helpdesk for each platform, and a ledger that makes each ticket once."""
