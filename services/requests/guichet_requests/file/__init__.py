"""Files, as far as requests need them: copies of what ``attachments`` tells, and its receipts."""
