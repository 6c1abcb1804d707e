/** Of what an agent is told, and how. */
export const toldFr = {
  "told.title": "Notifications",
  "told.of": "Me prévenir pour",
  "told.mine": "Les demandes qui me sont attribuées",
  "told.unassigned": "Les demandes non attribuées",
  "told.ofHint": "Leur nombre s’affiche dans le titre de l’onglet, jusqu’à ce que vous les ouvriez.",
  "told.how": "Comment",
  "told.sound": "Un son discret",
  "told.listen": "Écouter",
  "told.notify": "Une notification de votre ordinateur",
  "told.notify.denied":
    "Votre navigateur bloque les notifications de Guichet. Autorisez-les dans les réglages du site, puis cochez de nouveau.",
  "told.notify.unsupported": "Ce navigateur n’affiche pas de notifications.",
  "told.words": "Y montrer le nom et les premiers mots",
  "told.silence": "Heures de silence",
  "told.silence.on": "Ni son ni notification à certaines heures",
  "told.silence.from": "De",
  "told.silence.until": "à",
  "told.news": "Nouveau message",
  "told.assigned": "Cette demande vous est attribuée.",
  "told.several": { one: "{count} demande vous attend", other: "{count} demandes vous attendent" },
} as const;
