"""Metrics: the numbers that decide, from a spreadsheet or a program, with unit, direction and target."""
