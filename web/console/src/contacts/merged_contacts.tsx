import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Moment } from "../app/time";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { useWords } from "../words/words";
import type { Contact } from "./contact";
import type { MergedContact } from "./merging";

interface MergedContactsProps {
  contact: Contact;
  onPart: (merged: MergedContact) => void;
}

/** Who was merged into the contact, for as long as that can be undone. */
export function MergedContacts({ contact, onPart }: MergedContactsProps): JSX.Element | null {
  const { t } = useWords();
  const { contacts } = useDesk();
  const [parts, setParts] = useState<readonly MergedContact[]>([]);
  const { id, version } = contact;
  const merged = contacts.merged.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: version and merged say that there may be others
  useEffect(() => {
    let gone = false;
    contacts.partsOf(id).then(
      (found) => {
        if (!gone) setParts(found);
      },
      (error: unknown) => {
        // A way back that is seldom looked for: the card is complete without it.
        if (!(error instanceof Problem)) throw error;
      },
    );
    return () => {
      gone = true;
    };
  }, [contacts, id, version, merged]);
  if (parts.length === 0) return null;
  return (
    <ul class="merged-contacts" aria-label={t("merge.merged")}>
      {parts.map((one) => (
        <li key={one.id}>
          <span class="grow">
            {t("merge.mergedWith", { name: one.name })}
            <span class="hint">
              {t("merge.until")} <Moment at={one.final_at} />
            </span>
          </span>
          <button
            type="button"
            class="button"
            aria-label={t("merge.partOf", { name: one.name })}
            onClick={() => onPart(one)}
          >
            {t("merge.part")}
          </button>
        </li>
      ))}
    </ul>
  );
}
