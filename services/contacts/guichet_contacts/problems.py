"""What use cases refuse, as HTTP answers: the one place that knows both."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from guichet_kit.problems import Conflict, Invalid, NotFound, Problem, Stale

from guichet_contacts.contact import errors
from guichet_contacts.contact.fields import InvalidFields
from guichet_contacts.contact.schemas import ContactView


class Gone(Problem):
    """It was there, and is erased for good (410)."""

    status, code = 410, "contact_erased"


def to_problem(error: Exception) -> Problem:
    """The answer to a refusal; any other exception is raised again."""
    match error:
        case InvalidFields():
            found = [{"field": e.field, "code": e.code, "message": e.message} for e in error.errors]
            return Invalid(str(error), errors=found)
        case errors.ContactMissing():
            return NotFound("There is no such contact.")
        case errors.ContactErased():
            return Gone("This contact was erased.")
        case errors.ContactMerged():
            detail = "This contact was merged into another one."
            return Conflict(detail, code="contact_merged", merged_into=error.into)
        case errors.ContactExists():
            detail = "The e-mail address belongs to another contact."
            return Conflict(detail, code="contact_exists", contact_id=error.contact_id)
        case errors.IdTaken():
            return Conflict("A contact was made under this id with other details.", code="id_taken")
        case errors.StaleVersion():
            current = ContactView.of(error.current).model_dump(mode="json")
            return Stale("Somebody else changed this contact meanwhile.", current=current)
        case errors.MergeRefused():
            return Conflict(str(error), code=error.code)
        case _:
            raise error


def install(app: FastAPI) -> None:
    """Answer refusals as problem documents."""

    async def answer(_request: Request, error: Exception) -> JSONResponse:
        return to_problem(error).response()

    app.add_exception_handler(InvalidFields, answer)
    app.add_exception_handler(errors.Refusal, answer)
