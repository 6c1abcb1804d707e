"""What services tell when they have forgotten whom they were told to (``requests.visitors.erased.v1``)."""

from guichet_contracts.event import Model


class PersonForgottenData(Model):
    """``contact_id`` as in ``requests.visitors.erased.v1``: all that this named is forgotten here."""

    contact_id: str
