"""The hall: people, workspaces, jobs, and the few words that the rooms use to speak to one another."""
