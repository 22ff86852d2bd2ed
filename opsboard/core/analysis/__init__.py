"""Sums that several rooms need: control charts, proof of effect, working time. Pure: no database, no Django, no clock."""
