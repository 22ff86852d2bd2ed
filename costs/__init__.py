"""Costs: cut what returns little and is not necessary; never across the board."""
