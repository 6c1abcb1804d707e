"""Visitors, conversations and live sockets."""
