"""What is refused, and why. Mapped to HTTP in one place, ``problems.py``."""


class Refused(Exception):
    """What was asked for is not done; the text says why."""


class Unknown(Refused):
    """There is no such thing."""


class IdTaken(Refused):
    """The client's id names something else already."""


class Contended(Refused):
    """Too many others changed the same thing meanwhile; the same call may succeed in a moment."""
