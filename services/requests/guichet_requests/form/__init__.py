"""Web forms: what customers fill in on a page, and what becomes of it."""
