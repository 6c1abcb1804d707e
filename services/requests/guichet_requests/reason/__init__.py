"""Why customers write."""
