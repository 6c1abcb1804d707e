"""Contacts as CSV files, in and out."""
