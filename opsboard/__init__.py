"""Opsboard: find a problem, fix it, prove that the number moved, keep it from coming back."""
