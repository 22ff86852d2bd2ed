"""Journeys: what the customer goes through, and the three touchpoints worth fixing."""
