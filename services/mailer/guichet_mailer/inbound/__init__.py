"""Mail that comes in: stored raw, then read, then told to `requests`."""
