"""Reports: the week as a PDF that management reads, keeps and can search."""
