"""Contacts, as far as requests need them: copies of what ``contacts`` tells."""
