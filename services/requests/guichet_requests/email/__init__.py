"""E-mails on requests: written and sent, received and filed."""
