const fr = {
  advisor: "Conseiller",
  open: "Ouvrir le chat",
  dismiss: "Masquer cet aperçu",
} as const;

const en = {
  advisor: "Advisor",
  open: "Open the chat",
  dismiss: "Hide this preview",
};

export const texts = { fr, en };
