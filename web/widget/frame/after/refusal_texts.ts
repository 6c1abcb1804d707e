const fr = {
  closed: "Non envoyé : la conversation a été clôturée.",
  files: "Non envoyé : un fichier n’est plus disponible. Supprimez ce message et joignez-le de nouveau.",
  other: "Non envoyé : le message n’a pas pu être accepté.",
  retry: "Renvoyer",
  discard: "Supprimer",
} as const;

const en = {
  closed: "Not sent: the conversation was closed.",
  files: "Not sent: a file is no longer available. Delete this message and attach it again.",
  other: "Not sent: the message could not be accepted.",
  retry: "Send again",
  discard: "Delete",
};

export const texts = { fr, en };
