"""The demo company: furnishes a workspace by calling services, so that every page has something to show."""
