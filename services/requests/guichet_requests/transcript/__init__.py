"""Transcripts: a conversation, sent by e-mail to whom it concerns."""
