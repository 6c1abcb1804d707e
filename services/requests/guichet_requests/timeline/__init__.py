"""The timeline: all that happened on a request."""
