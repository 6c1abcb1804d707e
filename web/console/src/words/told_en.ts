import type { Text } from "@guichet/shared/i18n";
import type { toldFr } from "./told_fr";

export const toldEn: { [Key in keyof typeof toldFr]: (typeof toldFr)[Key] extends string ? string : Text } = {
  "told.title": "Notifications",
  "told.of": "Tell me about",
  "told.mine": "Requests assigned to me",
  "told.unassigned": "Unassigned requests",
  "told.ofHint": "The tab’s title says how many there are, until you open them.",
  "told.how": "How",
  "told.sound": "A soft sound",
  "told.listen": "Listen",
  "told.notify": "A notification from your computer",
  "told.notify.denied":
    "Your browser blocks Guichet’s notifications. Allow them in the site’s settings, then tick the box again.",
  "told.notify.unsupported": "This browser does not show notifications.",
  "told.words": "Show the name and the first words in it",
  "told.silence": "Quiet hours",
  "told.silence.on": "No sound or notification at certain hours",
  "told.silence.from": "From",
  "told.silence.until": "to",
  "told.news": "New message",
  "told.assigned": "This request is now yours.",
  "told.several": {
    one: "{count} request is waiting for you",
    other: "{count} requests are waiting for you",
  },
};
