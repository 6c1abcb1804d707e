"""What the rest of Guichet hears of forms."""

from collections.abc import Sequence

from guichet_contracts import requests as contract
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id


def form_submitted(request_id: str, item_id: str, file_ids: Sequence[str]) -> contract.FormSubmitted:
    """``requests.form.submitted.v1``"""
    return contract.FormSubmitted(
        id=new_id(),
        time=now(),
        subject=request_id,
        data=contract.FormSubmittedData(request_id=request_id, item_id=item_id, attachment_ids=tuple(file_ids)),
        correlationid=trace.correlation_id.get(),
        causationid=trace.causation_id.get(),
    )
