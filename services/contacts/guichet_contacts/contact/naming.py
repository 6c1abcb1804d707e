"""A name as people write it before their address, taken apart. Pure; where it is no person's name, it is none."""


def split_name(written: str) -> tuple[str | None, str | None]:
    """``(first name, last name)`` of ``Ada Lovelace``, ``Lovelace, Ada`` or ``LOVELACE Ada``.

    One word alone is a first name. What holds an address, or no letter, says nothing of the person.
    """
    name = " ".join(written.strip(" \t\r\n\"'").split())
    if "@" in name or not any(char.isalpha() for char in name):
        return None, None
    last, comma, first = name.partition(", ")
    if comma and "," not in first:
        return first, last
    words = name.split(" ")
    # In French, as in other languages, a family name in capitals may stand on either side of the first names.
    family = [word for word in words if _is_in_capitals(word)]
    if family and len(family) < len(words):
        return " ".join(word for word in words if word not in family), " ".join(family)
    return words[0], " ".join(words[1:]) or None


def _is_in_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper() and not word.endswith(".")
