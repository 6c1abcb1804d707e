import { chime } from "@guichet/shared/chime";
import type { ReadonlySignal } from "@preact/signals";
import type { Router } from "../app/router";
import { heading } from "../requests/request";
import type { T } from "../words/words";
import type { Choices } from "./choices";
import { notify } from "./notifications";
import type { News } from "./told";

/** Tells of what is new by sound and by the system, as the agent chose: once, however much it is. */
export function announcer(t: ReadonlySignal<T>, router: Router) {
  return (news: readonly News[], { sound, notify: wanted, words }: Choices): void => {
    if (sound) void chime();
    const [first] = news;
    if (!wanted || !first) return;
    const names = news.map(({ request }) => heading(request, t.value("visitor")));
    const requestId = news.length === 1 ? first.request.id : null;
    notify({
      ...(news.length === 1
        ? tellOne(first, words ? names[0] : undefined, t.value)
        : { title: t.value("told.several", { count: news.length }), body: words ? names.join(", ") : "" }),
      open: () => router.go({ requestId, settings: null, contacts: false }),
    });
  };
}

/** @param name none where names are not to be shown */
function tellOne({ what, request }: News, name: string | undefined, t: T): { title: string; body: string } {
  const plain = what === "assigned" ? t("told.assigned") : t("told.news");
  if (name === undefined) return { title: t("app.name"), body: plain };
  return { title: name, body: what === "assigned" ? plain : request.preview || plain };
}
