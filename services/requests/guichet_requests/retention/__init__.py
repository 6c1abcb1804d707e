"""Letting go of requests that were closed long ago, and of what hangs on them everywhere."""
