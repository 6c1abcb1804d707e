"""Writing the log: many entries at once, and telling of each what it was."""
