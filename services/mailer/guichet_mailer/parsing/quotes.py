"""What is new in a plain text, and what is only quoted below it or signs it. Nothing is dropped, only folded.

Where it is in doubt whether the writer's own words would be folded, they are shown. Line by line, in linear time:
``mail-parser-reply`` knows more languages, but hangs for minutes on 90 KB of "On On On".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from guichet_mailer.parsing.mail import Address

_LINE_LIMIT = 400
_ATTRIBUTION_LINES = 3
_HEADER_LINES = 12
_SIGNATURE_LINES = 30
_DEVICE_LINE = 100
"""Characters of the longest line that a telephone adds."""

_WROTE = re.compile(
    r"(?:\ba\s(?:\S{1,40}\s){0,2}écrit|\bwrote|\bschrieb(?:\s.{1,200})?|\bescribió|\bha\sscritto|"
    r"\bschreef(?:\s.{1,200})?|\bescreveu|\bskrev(?:\s.{1,200})?"
    r"|\bva\sescriure|\bkirjoitti(?:\s.{1,200})?|\bnapisał(?:a|\(a\))?|\bnapsala?|\bnapsal\(a\)|"
    r"\bnapísal(?:a|\(a\))?|\b(?:ezt\s)?írta(?:\s\(.{1,80}\))?"
    r"|\ba\sscris|\bje\snapisa(?:o|la)|\bnapisa(?:o|la)\sje|\bje\soseba\s.{1,200}napisala|\brašė|\brakstīja|"
    r"\bmenulis|\bđã\sviết|\bkirjutas(?:\s.{1,200})?|\bнаписа|\bпише"
    r"|\bпис(?:ал|ала|ал\(а\))|\bнаписал(?:а|\(а\))?|\bпишет|\bнаписав|\bέγραψε|\b(?:şunu\s|şunları\s)?yazdı|写道|"
    r"寫道|のメール|님이\s작성)\s?[:：]\s*$"
)
_TO_ME = re.compile(
    r"(?:(?:m['’]|\b(?:nous|vous|lui|leur|t['’]|me|mir|uns|nos|ci|mi)\s)(?:a|ont|ha)\s(?:\S{1,40}\s){0,2}(?:écrit|"
    r"scritto)|\b(?:me|nos)\s(?:escribió|escreveu)"
    r"|\b(?:schrieb|schreef|skrev)\s(?:mir|uns|mij|me|ons|mig|meg|oss)\b.{0,200})\s?[:：]\s*$"
)
"""Somebody told the writer something: what follows is the writer's, unless it is marked."""

_OF_OURS = re.compile(
    r"\b(?:votre|vos|mon|ma|mes|notre|nos|your|my|our|ihre?[nmrs]?|meine?[nmrs]?|unsere?[nmrs]?|su|sus|mis?|tu|"
    r"vostr[oaie]|mi[oae]|voss[oa]s?|seus?|suas?|meus?|minhas?|uw|mijn|jullie|twój|váš|můj|ваш|ваша|мой|моя)\s\w",
    re.IGNORECASE,
)
"""Nor does a program call the author *your colleague* or *my husband*; a name with an address may begin so."""

_GMAIL = re.compile(
    r"\d{4}[-/]\d\d?[-/]\d\d?\s\d\d?:\d\d(?:\s?[AP]M)?(?:\sGMT[+-]\d\d?:?\d\d)?\s.{0,200}<[^<>\s@]+@[^<>\s]+>\s?:\s*$"
)
"""Gmail's line without a verb: ``2026-11-05 9:00 GMT+01:00 Boutique <support@example.com>:``."""

_ANY_VERB = re.compile(r"<[^<>\s@]+@[^<>\s]+>.{0,80}[:：]\s*$")
"""In any language: an address, and what follows. With a day before it and a marked line below, it says who wrote."""

_WITHOUT_VERB = re.compile(
    r"(?:(?:пн|вт|ср|чт|пт|сб|вс|нд),\s\d{1,2}\s|\d{4}年\d{1,2}月\d{1,2}日).{0,40}\d:\d\d.{0,200}<[^<>\s@]+@[^<>\s]+>\s?[:：]\s*$"
)
"""Gmail's line in languages where it has none."""

_CITED = re.compile(
    r"(?:Quoting|Zitat von|Citation de|Citando(?: a)?|Citazione (?:di|da)|Citerar|Citat från)\s.{3,250}[:：]\s*$"
)
"""Horde's line, with a marked line below."""

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+\.[^\s<>()\[\],;:\"]+")
_DAY = re.compile(
    r"\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}\b|\b\d{4}[-/.]\s?\d{1,2}[-/.]\s?\d{1,2}\b|\d{4}\s?年|\d{4}년"
    r"|\b\d{1,2}(?:er|st|nd|rd|th|\.)?\s(?:de\s)?[^\W\d_]{3,12}[.׳]?,?\s(?:de\s)?\d{4}\b|"
    r"\b[^\W\d_]{3,12}\.?\s\d{1,2},?\s\d{4}\b"
)
_TIME = re.compile(r"\b\d{1,2}\s?[:h.]\s?\d{2}\b|\d{1,2}時|\b\d{1,2}\s?(?:AM|PM)\b", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"\s*(?:[-_*=]{2,}|>{2,})\s*(?:Message (?:d['’]origine|transféré|initial|original|suivi|du\b.{0,80})|(?:Original|"
    r"Forwarded|Reply|Urspr.ngliche) (?:Message|mail|Nachricht)"
    r"|Message transmis|(?:Mail|Courriel|E-?mail) (?:original|d['’]origine)|Original-?Nachricht|Forwarded by.{0,80}|"
    r"Ursprüngliche (?:Nachricht|Mail)|Weitergeleitete (?:Nachricht|Mail)|Originalnachricht"
    r"|Mensaje (?:original|reenviado)|Messaggio (?:originale|inoltrato)|Mensagem (?:original|encaminhada)|"
    r"Oorspronkelijk(?:e)? bericht|Doorgestuurd bericht"
    r"|Ursprungligt meddelande|Vidarebefordrat meddelande|Oprindelig meddelelse|Videresendt meddelelse|"
    r"Opprinnelig melding|Alkuperäinen viesti|Wiadomość oryginalna|Původní zpráva|Původní e-mail"
    r"|Исходное сообщение|Пересылаемое сообщение|Orijinal (?:Mesaj|İleti)|原始邮件|原始郵件|原邮件|元のメッセージ|"
    r"원본 메시지|On .{5,250} wrote|Le .{5,250} a écrit)\s*(?:[-_*=]{2,}|<{2,})\s*$",
    re.IGNORECASE,
)
_OF_ORANGE = re.compile(r">?\s*Message du \d{1,2}/\d{1,2}/\d{2,4} \d{1,2}:\d{2}\s*$")
_FORWARDED = re.compile(
    r"\s*(?:Begin forwarded message|Début du message (?:transféré|réexpédié)|Anfang der .{0,30}Nachricht|"
    r"Inicio del mensaje reenviado|Inizio messaggio inoltrato|Begin doorgestuurd bericht"
    r"|Início da mensagem (?:reencaminhada|encaminhada)|Vidarebefordrat brev|[-_*=]{2,}\s*(?:Forwarded message|"
    r"(?:Message|Mail|Courriel) transféré|Przekazana wiadomość|Vidarebefordrat meddelande|Videresendt (?:melding|"
    r"meddelelse)|Välitetty viesti|Přeposlaná zpráva|Пересылаемое сообщение|Переслан\w+ (?:сообщение|повідомлення)|"
    r"İletilen mesaj|転送メッセージ|转发的邮件|轉寄的郵件|전달된 메일|"
    r"Weitergeleitete Nachricht|Mensaje reenviado|Messaggio inoltrato|Doorgestuurd bericht|"
    r"Mensagem encaminhada|Forwarded by))\b",
    re.IGNORECASE,
)
_SEPARATOR_BEGINS = frozenset("-_*=>BDAIV")
_FORWARDS = re.compile(r"\s*(?:fwd?|tr|wg|i|rv|enc|doorst|vs|vb|pd|転送|转发)\s?[:：]", re.IGNORECASE)
_RULE = re.compile(r"\s*(?:_{10,}|-{10,}|={10,}|\*{10,})\s*$")
_FROM = re.compile(
    r"[\s*>]*(?:From|De|Von|Da|Van|Expéditeur|Från|Fra|Od|Feladó|От|От кого|Від|Gönderen|Kimden|Lähettäjä|Från|"
    r"Remitente|Mittente|Afzender|Absender|Από|差出人|发件人|寄件者|보낸 사람)\s?[*]*[:：][\s*]*\S",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"[\s*>]*(?:Subject|Objet|Sujet|Betreff|Asunto|Oggetto|Onderwerp|Assunto|Ämne|Emne|Aihe|Temat|Předmět|Predmet|"
    r"Tárgy|Тема|Konu|Θέμα|件名|主题|主旨|제목)\s?[*]*[:：]",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"[\s*>]*(?:Sent|Date|To|Cc|Bcc|Reply-To|Importance|Envoyé|Envoyé le|Envoyée|À|A|Copie|Copie à|Cc|Répondre à|"
    r"Message du|Date d['’]envoi|Destinataires?|Gesendet|An|Datum|Enviado|Enviado el|Enviada em|Enviado em|Para|Fecha|"
    r"CC"
    r"|Inviato|Data|Per conto di|Verzonden|Aan|Verstuurd|Skickat|Till|Kopia|Sendt|Til|Dato|Kopi|Lähetetty|"
    r"Vastaanottaja|Päiväys|Wysłano|Do|DW|Odesláno|Komu|Kopie|Küldve|Címzett|Отправлено|Кому|Дата|Копия|Gönderildi|"
    r"Kime|Tarih|Bilgi|Ημερομηνία|Προς"
    r"|送信日時|日付|宛先|发送时间|发送日期|收件人|抄送|日期|寄件日期|收件者|보낸 날짜|받는 사람|날짜)(?:\s(?:le|am|"
    r"on|dne))?\s?[*]*[:：]",
    re.IGNORECASE,
)
_DASHES = re.compile(r"--\s?$")
_DEVICE = re.compile(
    r"\s*(?:(?:Envoyé|Expédié|Transmis) (?:depuis|de|à partir de|à partir d['’]|via|avec|par|sur)\s?"
    r"(?:mon |ma |un |une |Outlook|"
    r"Mail\b|Courrier|Yahoo|Proton|Samsung|Gmail|l['’](?:application|appli)\b|la messagerie|le webmail|SFR|Orange|"
    r"Free|Type|Aol|Bluemail|Spark|iPhone|iPad|Android|Thunderbird|Canary)"
    r"|Sent (?:from|with|via|using) (?:my |Outlook|Mail\b|Yahoo|Proton|Samsung|Gmail|the |a mobile|an? (?:phone|"
    r"mobile)|iPhone|iPad|Android|AOL|BlueMail|Spark|Thunderbird|Canary)"
    r"|Get (?:Outlook|BlueMail) for |(?:Télécharge[rz]|Obten(?:ir|ez)) (?:Outlook|BlueMail) pour |"
    r"Von meinem .{1,40} gesendet|(?:Gesendet|Diese Nachricht wurde) (?:von|mit|über) (?:meinem|meiner|Outlook|der|"
    r"Mail\b|Yahoo|Samsung|iPhone|iPad|Android|GMX|WEB\.DE)"
    r"|Outlook für .{2,20} herunterladen|Enviado (?:desde|de|do|a partir do) (?:mi|meu|Outlook|Correo|Yahoo|Samsung|"
    r"iPhone|iPad|la |o )|Obtener Outlook para |Obter o Outlook para |Inviato da(?:l|lla)?\s?(?:mio|Outlook|Posta|"
    r"Yahoo|Samsung|iPhone|iPad|mia)|Scarica Outlook per "
    r"|(?:Verstuurd|Verzonden) (?:vanaf|vanuit|met|via) (?:mijn|Outlook|Mail\b|Yahoo|Samsung|iPhone|iPad)|"
    r"Outlook voor .{2,20} downloaden|Skickat från (?:min|Outlook|E-post|Yahoo)|Sendt fra (?:min|Outlook|Mail|Yahoo)|"
    r"Lähetetty (?:iPhonesta|Outlookista|puhelimesta)|Wysłane z |Odesláno z |Provenance\s?: |Poslané z |"
    r"Trimis de pe |Отправлено (?:с|из) |"
    r"iPhone'umdan gönderildi|iPhoneから送信|iPhone から送信|发自我的|나의 iPhone)",
    re.IGNORECASE,
)
_DEVICE_NAME = re.compile(
    r"iphone|ipad|android|samsung|galaxy|huawei|xiaomi|redmi|oppo|nokia|blackberry|outlook|mail\b|e-?mail|courrier|"
    r"yahoo|proton|gmail|webmail|messagerie|appli|t[ée]l[ée]phone|phone|handy|smartphone|mobile?\b|móvil|cellulare|"
    r"telefono|telefoon|iphon|mobil|tablet|windows|thunderbird|orange|sfr|free|spark|canary|gmx|web\.de|correo|posta|"
    r"e-post|puhelin|発|送信|发自",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"\s*(?:[-_=*]{5,}\s*$|(?:Virus-free|Garanti sans virus|Sans virus|Virenfrei|Libre de virus|Privo di virus|"
    r"L['’]absence de virus|This e-?mail has been (?:checked|scanned)|Diese E-Mail wurde von)"
    r"|You received this message because|Vous recevez ce message car|To unsubscribe from this|Pour vous désabonner"
    r"|(?:This|The) (?:e-?mail|message|communication)\b.{0,60}(?:confidential|privileged|intended)|Ce (?:message|"
    r"courriel|mail)\b.{0,80}(?:confidentiel|destinat|pièces jointes)|Diese (?:E-Mail|Nachricht)\b.{0,60}vertraulich"
    r"|P(?:lease|ensez).{0,20}(?:consider the )?environ)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Folded:
    """``text``, then ``signature``, then ``quoted``: one below the other they are the whole."""

    text: str
    signature: str
    quoted: str


_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What programs put around names and addresses in right-to-left texts."""

_GREETING = re.compile(
    r"\s*(?:bonjour|bonsoir|salut|madame|monsieur|chère?s?|messieurs|hello|hi|hey|dear|good|guten|hallo|sehr|lieber?|moin|hola|"
    r"buen[oa]s?|estimad[oa]s?|buongiorno|buonasera|gentil[ei]|salve|ciao|olá|bom|boa|beste|geachte|goede|hej|god|kära|bästa|"
    r"dzień|szanowni|dobrý|здравствуйте|добрый)\b[^\n]{0,60}$",
    re.IGNORECASE,
)


def fold(text: str) -> Folded:
    """Fold the quote at the end and the signature before it. Answers between the lines of a quote stay as they are."""
    lines = text.split("\n")
    bare = [_MARKS.sub("", line) for line in lines]
    found = quote_begins(bare)
    quote = len(lines) if found is None else found
    signature = _signature(bare[:quote])
    if not any(line.strip() for line in lines[:signature]):
        signature = quote  # where nothing else is written, that is what was written
    return Folded(_joined(lines[:signature]), _joined(lines[signature:quote]), _joined(lines[quote:]))


def quote_begins(lines: Sequence[str]) -> int | None:
    """The line at which nothing but a quote begins, and what servers put below it; None where there is no such line."""
    quote, marked = _quote(lines)
    if quote is None or not any(line.strip() for line in lines[:quote]):
        return None
    return None if marked and is_answered_within(lines[quote:]) else quote


def forwarded(folded: Folded, subject: str) -> Address | None:
    """Who wrote the mail that is forwarded in the text; None where none is, or where it does not say."""
    lines = f"{folded.text}\n{folded.signature}\n{folded.quoted}".split("\n")
    begun = next((at for at, line in enumerate(lines) if _FORWARDED.match(line[:_LINE_LIMIT])), None)
    if begun is None and not _FORWARDS.match(subject):
        return None
    for line in lines[begun or 0 :]:
        short = line[:_LINE_LIMIT]
        if _FROM.match(short) and (address := _ADDRESS.search(short)):
            name = re.sub(r"^[\s*>]*[^:：]{1,20}[:：]", "", short[: address.start()])
            local, _, domain = address[0].removeprefix("mailto:").rpartition("@")
            return Address(
                f"{local}@{domain.lower()}", " ".join(re.sub(r"[*\"<\[(]|mailto:?", "", name).split()).strip("'")
            )
    return None


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()


def _quote(lines: Sequence[str]) -> tuple[int | None, bool]:
    """Where the quote begins, and whether its lines are marked with ``>``: then answers between them show."""
    last_written = _last_written(lines)
    for index, full in enumerate(lines):
        line = full[:_LINE_LIMIT]
        if _is_separator(line):
            return index, False
        if length := _attribution_length(lines, index):
            return index, _next_is_marked(lines, index + length)
        if _RULE.match(line) and _is_header(_below_blanks(lines, index + 1)):
            return index, False
        if _label(line) in ("from", "other") and _is_header(lines[index : index + _HEADER_LINES]):
            return index, False
        if line.startswith(">") and index > last_written:
            return index, True
    return None, False


def _below_blanks(lines: Sequence[str], index: int) -> Sequence[str]:
    """The lines from the first that is not blank, one blank line or two further down at most."""
    begin = next((at for at in range(index, min(index + 3, len(lines))) if lines[at].strip()), index)
    return lines[begin : begin + _HEADER_LINES]


def _is_separator(line: str) -> bool:
    bare = line.lstrip()
    if _OF_ORANGE.match(line):
        return True
    return bare[:1] in _SEPARATOR_BEGINS and bool(_SEPARATOR.match(line) or _FORWARDED.match(line))


@lru_cache(maxsize=4096)
def _label(line: str) -> Literal["from", "subject", "other", ""]:
    """Which header of a quoted mail the line is."""
    if ":" not in line and "：" not in line:
        return ""
    return "from" if _FROM.match(line) else "subject" if _SUBJECT.match(line) else "other" if _OTHER.match(line) else ""


def _last_written(lines: Sequence[str]) -> int:
    """The last line that is neither marked nor part of what servers and telephones put below a quote."""
    end = _below(lines, signed=False)
    return max((at for at, line in enumerate(lines[:end]) if line.strip() and not line.startswith(">")), default=-1)


def _below(lines: Sequence[str], *, signed: bool = True) -> int:
    """Where a footer below the last marked line begins, or a signature (``signed``); the end where there is none."""
    last_marked = max((at for at, line in enumerate(lines) if line.startswith(">")), default=-1)
    for at in range(last_marked + 1, len(lines)):
        line = lines[at][:_LINE_LIMIT]
        if line.strip():
            return at if (signed and _DASHES.match(line)) or _is_device(line) or _FOOTER.match(line) else len(lines)
    return len(lines)


def _attribution_length(lines: Sequence[str], index: int) -> int:
    """Lines that together say who wrote what follows; 0 where they do not.

    It has an address, or a day and a time, or a marked line follows.
    """
    joined = ""
    near = lines[index : index + _ATTRIBUTION_LINES]
    if not any(line[-8:].rstrip().endswith((":", "：")) for line in near):
        return 0
    for count, line in enumerate(near, 1):
        if not line.strip() or line.startswith(">"):
            return 0
        joined = f"{joined} {line[:_LINE_LIMIT]}".strip()[-2 * _LINE_LIMIT :]
        if _GMAIL.match(joined) or _WITHOUT_VERB.match(joined):
            return count
        if _CITED.match(joined) and _next_is_marked(lines, index + count):
            return count
        if _ANY_VERB.search(joined) and _DAY.search(joined) and _next_is_marked(lines, index + count):
            return count
        if _WROTE.search(joined[-_LINE_LIMIT:]):
            if _next_is_marked(lines, index + count):
                return count
            near_end = joined[-_LINE_LIMIT:]
            told = _TO_ME.search(near_end) or (_OF_OURS.search(near_end) and not _ADDRESS.search(joined))
            proven = _ADDRESS.search(joined) or (_DAY.search(joined) and _TIME.search(_DAY.sub(" ", joined)))
            return count if proven and not told else 0
        if count == 1 and not _may_begin(joined):
            return 0
    return 0


def _may_begin(line: str) -> bool:
    """Whether an attribution of several lines may begin so: with a date, an address, or a word before one."""
    return bool(
        re.match(r"(?:Le|On|Am|El|Il|Op|Em|Den|Dne|W dniu|Dnia|Në|A|I|At|Στις)\b|\d", line) or _ADDRESS.search(line)
    )


def _next_is_marked(lines: Sequence[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 3] if line.strip()), "")
    return following.lstrip(" ").startswith(">")


def _is_header(lines: Sequence[str]) -> bool:
    """Whether the lines begin as programs quote a mail's headers: a sender and two more, with an address or a date."""
    head: list[str] = []
    for line in lines:
        short = line[:_LINE_LIMIT]
        labelled = _label(short)
        if not short.strip():
            if head and len(head) > 2:
                break
            continue
        if not labelled and not (head and short.startswith((" ", "\t"))) and len(head) > 2:
            break
        if not head and not labelled:
            return False
        head.append(short)
    labels = [_label(line) for line in head]
    if "from" not in labels or labels.count("other") + labels.count("subject") < 2:
        return False
    whole = " ".join(head)
    dated = _DAY.search(whole) and _TIME.search(_DAY.sub(" ", whole)) and "subject" in labels
    return bool(_ADDRESS.search(whole) or dated)


def is_answered_within(lines: Sequence[str]) -> bool:
    """Whether unmarked words stand between or below marked lines: other than who wrote, a signature or a footer."""
    marked = [index for index, line in enumerate(lines) if line.startswith(">")]
    if not marked:
        return False
    index, end = marked[0], min(_signature(lines), _below(lines))
    while index < end:
        line = lines[index][:_LINE_LIMIT]
        if line.strip() and not line.startswith(">"):
            length = _attribution_length(lines, index)
            if not length:
                return True
            index += length - 1  # the next of several quotes
        index += 1
    return False


def _is_device(line: str) -> bool:
    return len(line) <= _DEVICE_LINE and bool(_DEVICE.match(line)) and bool(_DEVICE_NAME.search(line))


def _signature(lines: Sequence[str]) -> int:
    """Where the signature begins (RFC 3676, 4.3, and what telephones add at the end); the end where there is none."""
    written = [index for index, line in enumerate(lines) if line.strip()]
    for index in written[-2:]:
        if _is_device(lines[index]):
            return index
    for index in range(len(lines) - 1, max(-1, len(lines) - _SIGNATURE_LINES), -1):
        if _DASHES.match(lines[index][:_LINE_LIMIT]):
            return index if lines[index] == "-- " or _may_sign(lines, index) else len(lines)
    return len(lines)


def _may_sign(lines: Sequence[str], index: int) -> bool:
    """Whether what is below two bare dashes may be a signature: it asks nothing, and more than a greeting is above."""
    above = [line for line in lines[:index] if line.strip()]
    greeted = len(above) == 1 and _GREETING.match(above[0][:_LINE_LIMIT])
    return not greeted and not any(line.rstrip()[-1:] in (":", "?", "？", "：") for line in lines[index:])
