"""Runs the real servers and all of Guichet on one machine, without containers."""
