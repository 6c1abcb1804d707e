"""Abuse by strangers, against the running system."""
