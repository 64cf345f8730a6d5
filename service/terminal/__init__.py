"""A lane on a terminal: what it shows, and the commands typed below."""
