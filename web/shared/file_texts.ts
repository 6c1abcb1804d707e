/** Words about files on their way: for the widget and for web forms. */
import type { Locale } from "./i18n";

const fr = {
  files: "Fichiers",
  tray: "Fichiers à envoyer",
  download: "Télécharger",
  downloading: "Téléchargement…",
  couldRun:
    "Ce fichier peut lancer un programme. Ne l’ouvrez que si vous l’attendiez de la personne qui l’envoie.",
  anyway: "Télécharger quand même",
  gone: "Ce fichier n’est plus disponible.",
  failed: "Le téléchargement n’a pas abouti. Réessayez dans un instant.",
  progress: "Envoi de {name}",
  percent: "Envoi : {done} %",
  sending: "Vérification…",
  waiting: "En attente du contrôle antivirus",
  ready: "Prêt",
  cancel: "Annuler l’envoi de {name}",
  remove: "Retirer {name}",
  retry: "Réessayer",
  awaited: "Le message partira dès que ses fichiers seront prêts.",
  tooMany: "Un message porte {count} fichiers au plus : les autres n’ont pas été ajoutés.",
  too_large: "Ce fichier est trop volumineux. Envoyez-en un plus léger.",
  type_not_allowed:
    "Ce type de fichier n’est pas accepté. Essayez une image, un PDF ou un document bureautique.",
  infected: "Un virus a été trouvé dans ce fichier : il n’a pas été envoyé.",
  empty_file: "Ce fichier est vide.",
  lost: "Ce fichier s’est perdu en chemin. Retirez-le, puis joignez-le de nouveau.",
  offline: "Pas de connexion. L’envoi reprendra à son retour.",
  unavailable: "L’envoi n’a pas abouti.",
  rate_limited: "Trop de fichiers à la fois. Patientez un instant.",
  upload_cut: "L’envoi a été interrompu.",
  upload_too_slow: "L’envoi a pris trop de temps.",
  refused: "Ce fichier n’a pas pu être accepté.",
} as const;

const en = {
  files: "Files",
  tray: "Files to send",
  download: "Download",
  downloading: "Downloading…",
  couldRun: "This file may run a program. Open it only if you expected it from the person who sent it.",
  anyway: "Download anyway",
  gone: "This file is no longer available.",
  failed: "The download did not succeed. Try again shortly.",
  progress: "Sending {name}",
  percent: "Sending: {done}%",
  sending: "Checking…",
  waiting: "Waiting for the virus scan",
  ready: "Ready",
  cancel: "Cancel the sending of {name}",
  remove: "Remove {name}",
  retry: "Try again",
  awaited: "The message will leave as soon as its files are ready.",
  tooMany: "A message holds {count} files at most: the others were not added.",
  too_large: "This file is too large. Send a lighter one.",
  type_not_allowed: "This type of file is not accepted. Try an image, a PDF or an office document.",
  infected: "A virus was found in this file: it was not sent.",
  empty_file: "This file is empty.",
  lost: "This file was lost on its way. Remove it, then attach it again.",
  offline: "No connection. Sending will go on when it is back.",
  unavailable: "The sending did not succeed.",
  rate_limited: "Too many files at once. Wait a moment.",
  upload_cut: "The sending was interrupted.",
  upload_too_slow: "The sending took too long.",
  refused: "This file could not be accepted.",
};

export const fileTexts = { fr, en };

const REFUSALS = [
  "too_large",
  "type_not_allowed",
  "infected",
  "empty_file",
  "lost",
  "offline",
  "unavailable",
  "rate_limited",
  "upload_cut",
  "upload_too_slow",
] as const;

/** The text for a refusal's code. */
export function refusalOf(code: string): (typeof REFUSALS)[number] | "refused" {
  return REFUSALS.find((known) => known === code) ?? "refused";
}

/** What is on no list and was let in by the operator; `attachments` calls nothing else so. */
const UNLISTED = "application/octet-stream";

/** Whether somebody is to be warned before they save the file: it may run, or nobody knows what it is. */
export function couldRun({ media_type }: { media_type: string }): boolean {
  return media_type === UNLISTED;
}

/** "340 octets", "12 Ko", "4,1 Mo". */
export function formatSize(locale: Locale, bytes: number): string {
  const [unit, value] =
    bytes < 1_000
      ? (["byte", bytes] as const)
      : bytes < 1_000_000
        ? (["kilobyte", Math.round(bytes / 1_000)] as const)
        : (["megabyte", bytes / 1_000_000] as const);
  return value.toLocaleString(locale, { style: "unit", unit, maximumFractionDigits: 1 });
}
