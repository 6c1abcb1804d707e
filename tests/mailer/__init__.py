"""Tests of ``mailer``. A package, so that its services end with its tests and do not hear of other tests' e-mails."""
