"""What may be written about a contact: each field checked and brought to one form. Pure, no look-ups."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from guichet_kit.blank import is_blank

FIELDS = ("first_name", "last_name", "email", "phone", "company", "notes")
NAME_LENGTH = 100
COMPANY_LENGTH = 200
NOTES_LENGTH = 10_000
_LONGEST_INPUT = 20_000

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that breaks one rule. ``code`` is stable; ``message`` says it in words, and never repeats the value."""

    field: str
    code: str
    message: str


class InvalidFields(Exception):
    """Some fields break a rule; all of them are named."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


class _Broken(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def clean(given: Mapping[str, str | None], region: str) -> dict[str, str | None]:
    """The fields of ``given`` in their one form; blank ones are None.

    ``region`` is the ISO 3166-1 code of the country whose phone numbers are written without a ``+``.

    Raises:
        InvalidFields: with every field that breaks a rule.
    """
    rules: Mapping[str, Callable[[str], str]] = {
        "first_name": partial(_line, longest=NAME_LENGTH),
        "last_name": partial(_line, longest=NAME_LENGTH),
        "email": email_address,
        "phone": partial(phone_number, region=region),
        "company": partial(_line, longest=COMPANY_LENGTH),
        "notes": _text,
    }
    cleaned: dict[str, str | None] = {}
    errors = []
    for field, value in given.items():
        try:
            text = _trimmed(value or "")
            cleaned[field] = rules[field](text) if text else None
        except _Broken as broken:
            errors.append(FieldError(field, broken.code, str(broken)))
    if errors:
        raise InvalidFields(*errors)
    return cleaned


def email_key(address: str) -> str:
    """What makes two addresses the same one: case does not count, and the domain is in its ASCII form (RFC 5891).

    RFC 5321 (2.4) lets a mailbox depend on case; no provider that people use does.
    """
    local, _, domain = address.rpartition("@")
    return f"{unicodedata.normalize('NFC', local.casefold())}@{_ascii_domain(domain)}"


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    return validate_email(f"x@{domain}", check_deliverability=False).ascii_domain


def email_address(text: str) -> str:
    """The address with its domain in lower case and Unicode (RFC 5321, 6531, 5891), the local part as written."""
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        raise _Broken("invalid_email", "is not an e-mail address") from None


def phone_number(text: str, region: str) -> str:
    """The number as ITU-T E.164 writes it: ``+33612345678``."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise _Broken("invalid_phone", "is not a phone number") from None
    if number.extension:
        raise _Broken("invalid_phone", "must have no extension")
    # Its length is checked against its country's plan, not whether the range is given out: that changes every month.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise _Broken("invalid_phone", "has not as many digits as numbers of its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_forms(e164: str) -> set[str]:
    """The digits under which people look for a number: international, and as dialled within its country."""
    number = phonenumbers.parse(e164)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    international = e164.removeprefix("+")
    return {international, f"00{international}", "".join(filter(str.isdecimal, national)), str(number.national_number)}


def _trimmed(text: str) -> str:
    if len(text) > _LONGEST_INPUT:  # before anything looks at it closely
        raise _Broken("too_long", f"must have at most {_LONGEST_INPUT} characters")
    trimmed = unicodedata.normalize("NFC", text).strip()
    # Control characters show nothing either, but are refused by name.
    return "" if is_blank(trimmed) and not _has_controls(trimmed, allowed="\n\t") else trimmed


def _line(text: str, longest: int) -> str:
    text = _SPACES.sub(" ", text)
    _refuse_controls(text, allowed="")
    if len(text) > longest:
        raise _Broken("too_long", f"must have at most {longest} characters")
    return text


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_controls(text, allowed="\n\t")
    if len(text) > NOTES_LENGTH:
        raise _Broken("too_long", f"must have at most {NOTES_LENGTH} characters")
    return text


def _refuse_controls(text: str, allowed: str) -> None:
    if _has_controls(text, allowed):
        raise _Broken("control_characters", "must have no control characters")


def _has_controls(text: str, allowed: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in text)
