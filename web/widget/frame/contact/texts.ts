const fr = {
  title: "Recevoir la réponse par e-mail si vous partez",
  email: "Votre adresse e-mail (facultatif)",
  name: "Votre nom (facultatif)",
  save: "Enregistrer",
  saving: "Enregistrement…",
  savedEmail: "C’est noté : si vous partez, la réponse vous parviendra à {email}.",
  savedName: "C’est noté, merci.",
  badEmail: "Cette adresse n’a pas pu être enregistrée. Vérifiez-la.",
  failed: "L’enregistrement n’a pas abouti. Réessayez dans un instant.",
  dismiss: "Masquer cette proposition",
} as const;

const en = {
  title: "Get the answer by e-mail if you leave",
  email: "Your e-mail address (optional)",
  name: "Your name (optional)",
  save: "Save",
  saving: "Saving…",
  savedEmail: "Noted: if you leave, the answer will reach you at {email}.",
  savedName: "Noted, thank you.",
  badEmail: "This address could not be saved. Please check it.",
  failed: "Saving did not succeed. Try again shortly.",
  dismiss: "Hide this offer",
};

export const texts = { fr, en };
