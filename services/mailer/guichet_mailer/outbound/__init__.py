"""Mail that goes out, and what becomes of it."""
