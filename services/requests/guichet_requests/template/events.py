"""What the rest of Guichet hears of templates."""

from collections.abc import Sequence

from guichet_contracts import requests as contract
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id


def template_changed(template_id: str, version: int, file_ids: Sequence[str]) -> contract.TemplateChanged:
    """``requests.template.changed.v1``"""
    return contract.TemplateChanged(
        id=new_id(),
        time=now(),
        subject=template_id,
        data=contract.TemplateChangedData(template_id=template_id, attachment_ids=tuple(file_ids), version=version),
        correlationid=trace.correlation_id.get(),
        causationid=trace.causation_id.get(),
    )
