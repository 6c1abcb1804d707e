"""What is no failure of the work itself: another server or service is away."""


class Away(Exception):
    """A server or service is away, or too slow: the same call may succeed later.

    A consumer whose handler raises it tries the message again for as long as it lasts, and never parks it for that.
    """
