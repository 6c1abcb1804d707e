"""The mail of the demo's customers: a real SMTP server, their letters on disk, and an API for the page that shows them.

    python -m guichet_local.demo.mail FOLDER SMTP_PORT HTTP_PORT DESK_PORT

It takes mail for any address of the domains below, and sends what customers write to the desk's SMTP port. Nothing
leaves the machine.
"""

DOMAINS = ("example.org", "example.com", "example.net")
"""Nobody's, by RFC 2606: whoever is written to here is a customer of the demo."""

SUPPORT = "support@boutique-lumiere.example"
"""The demo's shop."""
