"""Automation: let the machine do what people repeat ten times a day."""
