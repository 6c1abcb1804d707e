"""Prepared answers."""
