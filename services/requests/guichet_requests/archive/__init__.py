"""All that the desk knows of one person, as one file for them (GDPR, articles 15 and 20)."""
