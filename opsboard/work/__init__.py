"""Work: improvement actions with an owner, a date and acceptance criteria, on a board that everybody reads the same way."""
