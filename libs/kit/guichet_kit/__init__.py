"""Guichet's plumbing, without a business word."""
