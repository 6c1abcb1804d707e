const fr = {
  ask: "Recevoir par e-mail",
  email: "Votre adresse e-mail",
  send: "Envoyer",
  sending: "Envoi…",
  sent: "Un e-mail vous est envoyé, avec la conversation ou un lien pour la recevoir.",
  sentTo: "Un e-mail est envoyé à {email}, avec la conversation ou un lien pour la recevoir.",
  badEmail: "Vérifiez cette adresse.",
  tooMany: "Cette conversation vous a déjà été envoyée. Vous pourrez la redemander dans une heure.",
  gone: "Cette conversation ne peut plus être envoyée.",
  failed: "L’envoi n’a pas abouti. Réessayez dans un instant.",
} as const;

const en = {
  ask: "Get it by e-mail",
  email: "Your e-mail address",
  send: "Send",
  sending: "Sending…",
  sent: "An e-mail is being sent to you, with the conversation or a link to receive it.",
  sentTo: "An e-mail is being sent to {email}, with the conversation or a link to receive it.",
  badEmail: "Please check this address.",
  tooMany: "This conversation was sent to you already. You can ask for it again in an hour.",
  gone: "This conversation can no longer be sent.",
  failed: "The sending did not succeed. Try again shortly.",
};

export const texts = { fr, en };
