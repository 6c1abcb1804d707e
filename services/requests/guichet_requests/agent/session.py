"""A stay at the console: from the sign-in to the sign-out, over any number of short access tokens.

Every refresh gives a new refresh token. One that was used before is a sign of theft, so it ends the session
(RFC 9700, section 4.14.2), but for a short while after its replacement: two tabs may ask at the same moment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=14)
ENDED_KEPT = timedelta(minutes=20)
"""How long it is known of an ended session, or of a right that changed: longer than an access token is good for."""

GRACE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Session:
    """``generation`` counts its refresh tokens; only the last one counts, made at ``rotated_at``.

    ``begun_at`` and ``device`` (what the browser calls itself) are for its agent to know it by; sessions of earlier
    versions have neither.
    """

    id: str
    agent_id: str
    generation: int
    rotated_at: datetime
    expires_at: datetime
    begun_at: datetime | None = None
    device: str = ""


def judge(session: Session, generation: int, at: datetime) -> Literal["current", "replaced_just_now", "reused"]:
    """What it means that the token of this ``generation`` is presented."""
    if generation == session.generation:
        return "current"
    if generation == session.generation - 1 and at - session.rotated_at <= GRACE:
        return "replaced_just_now"
    return "reused"
