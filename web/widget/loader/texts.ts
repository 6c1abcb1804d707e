const fr = {
  open: "Ouvrir le chat",
  openUnread: {
    one: "Ouvrir le chat, {count} message non lu",
    other: "Ouvrir le chat, {count} messages non lus",
  },
  close: "Fermer le chat",
  title: "Chat avec le service client",
  loading: "Ouverture du chat…",
  unavailable: "Le chat ne répond pas pour le moment. Nouvel essai…",
} as const;

const en = {
  open: "Open the chat",
  openUnread: {
    one: "Open the chat, {count} unread message",
    other: "Open the chat, {count} unread messages",
  },
  close: "Close the chat",
  title: "Chat with customer service",
  loading: "Opening the chat…",
  unavailable: "The chat does not answer at the moment. Trying again…",
};

export const texts = { fr, en };
