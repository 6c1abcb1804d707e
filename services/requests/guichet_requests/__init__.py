"""Requests, timeline, agents and their sign-in."""
