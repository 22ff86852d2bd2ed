"""Knowledge: documents and tables next to the numbers and problems that they are about."""
