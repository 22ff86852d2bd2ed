"""Risks: a register whose indicators warn early and start the response plan."""
