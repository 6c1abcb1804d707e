import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import type { Contact } from "./contact";

/** The way back from a merge, and what is said of both. */
export function useMerges() {
  const { t } = useWords();
  const { contacts, toasts } = useDesk();
  const part = async (one: Pick<Contact, "id" | "name">) => {
    try {
      await contacts.part(one);
      toasts.done(t("merge.parted", { name: one.name }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
    }
  };
  const tellMerged = (stays: Contact, gone: Contact) =>
    toasts.done(t("merge.done", { gone: gone.name, stays: stays.name }), () => void part(gone));
  return { part, tellMerged };
}
