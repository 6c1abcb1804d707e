const fr = {
  title: "Recevoir votre conversation",
  asked: "Confirmez que cette adresse e-mail est la vôtre : la conversation vous y sera envoyée.",
  confirm: "Recevoir la conversation",
  sending: "Envoi…",
  sent: "La conversation vous est envoyée par e-mail.",
  gone: "Ce lien n’est plus valable. Redemandez la conversation depuis le chat.",
  failed: "L’envoi n’a pas abouti. Réessayez dans un instant.",
} as const;

const en = {
  title: "Receive your conversation",
  asked: "Confirm that this e-mail address is yours: the conversation will be sent to it.",
  confirm: "Receive the conversation",
  sending: "Sending…",
  sent: "The conversation is being sent to you by e-mail.",
  gone: "This link is no longer valid. Ask for the conversation again in the chat.",
  failed: "The sending did not succeed. Try again shortly.",
};

export const texts = { fr, en };
