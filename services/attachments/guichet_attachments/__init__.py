"""Files, their checks and access."""
