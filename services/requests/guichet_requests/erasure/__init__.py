"""Erasing a person from everything that requests know."""
