"""What the rest of Guichet hears of an erasure."""

from guichet_contracts import requests as contract
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.erasure.erasure import Erasure


def visitors_erased(erasure: Erasure, words: frozenset[str] = frozenset()) -> contract.VisitorsErased:
    """``requests.visitors.erased.v1``; ``words`` as `word_traces` makes them."""
    return contract.VisitorsErased(
        id=new_id(),
        time=now(),
        subject=erasure.contact_id,
        data=contract.VisitorsErasedData(
            contact_id=erasure.contact_id,
            visitor_ids=tuple(sorted(erasure.visitor_ids)),
            email_ids=tuple(sorted(erasure.email_ids)),
            item_ids=tuple(sorted(erasure.item_ids)),
            attachment_ids=tuple(sorted(erasure.attachment_ids)),
            traces=tuple(sorted(erasure.traces)),
            words=tuple(sorted(words)),
            erased_at=erasure.at,
        ),
        correlationid=trace.correlation_id.get(),
        causationid=trace.causation_id.get(),
    )
