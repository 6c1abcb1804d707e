import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { Icon } from "../app/icons";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import { CONTACT_FIELDS, type Contact } from "./contact";
import { ContactSearch } from "./contact_search";
import { mergeOutcome } from "./merging";
import "./merge_dialog.css";

interface MergeDialogProps {
  contact: Contact;
  /** Which one stays, and which one is part of it now. */
  onMerged: (stays: Contact, gone: Contact) => void;
  onClose: () => void;
}

/** Two records of one person become one: finds the other, shows what stays, and asks. */
export function MergeDialog({ contact, onMerged, onClose }: MergeDialogProps): JSX.Element {
  const { t } = useWords();
  const [other, setOther] = useState<Contact | null>(null);
  return (
    <Dialog title={t("merge.title", { name: contact.name })} wide onClose={onClose}>
      {other ? (
        <Comparison pair={[contact, other]} onMerged={onMerged} onBack={() => setOther(null)} />
      ) : (
        <>
          <p>{t("merge.explain")}</p>
          <ContactSearch onPick={setOther} except={contact.id} />
          <div class="dialog-actions">
            <button type="button" class="button" onClick={onClose}>
              {t("app.cancel")}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

interface ComparisonProps {
  pair: [Contact, Contact];
  onMerged: MergeDialogProps["onMerged"];
  onBack: () => void;
}

function Comparison({ pair, onMerged, onBack }: ComparisonProps): JSX.Element {
  const { t } = useWords();
  const { contacts } = useDesk();
  const [kept, setKept] = useState<0 | 1>(0);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [stays, gone] = kept === 0 ? pair : [pair[1], pair[0]];
  const outcome = mergeOutcome(gone, stays);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await contacts.merge(gone, stays);
      onMerged(stays, gone);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form class="merge-form" onSubmit={submit}>
      <table class="merge-table">
        <thead>
          <tr>
            <td />
            {pair.map(({ id, name }, index) => (
              <th key={id} scope="col">
                <label class="check">
                  <input
                    type="radio"
                    name="kept"
                    checked={index === kept}
                    autofocus={index === 0}
                    onChange={() => setKept(index as 0 | 1)}
                  />
                  <span>
                    <span class="merge-keep">{t(index === kept ? "merge.stays" : "merge.goes")}</span>
                    {name}
                  </span>
                </label>
              </th>
            ))}
            <th scope="col">{t("merge.outcome")}</th>
          </tr>
        </thead>
        <tbody>
          {CONTACT_FIELDS.map((field) => (
            <Row
              key={field}
              name={t(`contact.${field}`)}
              values={pair.map((one) => one[field])}
              outcome={outcome.fields[field]}
              alsoKept={field === "email" ? outcome.other_emails : []}
            />
          ))}
          <Row
            name={t("merge.otherEmails")}
            values={pair.map((one) => one.other_emails.join("\n"))}
            outcome={outcome.other_emails.join("\n")}
          />
          <Row name={t("merge.notes")} values={pair.map((one) => one.notes)} outcome={outcome.notes} />
        </tbody>
      </table>
      <p>{t("merge.follows", { gone: gone.name, stays: stays.name })}</p>
      <p class="form-problem" role="alert">
        {problem && tellProblem(problem, t)}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button quiet" onClick={onBack}>
          <Icon name="back" />
          {t("merge.other")}
        </button>
        <button type="submit" class="button strong" disabled={busy}>
          {busy ? t("merge.busy") : t("merge.do")}
        </button>
      </div>
    </form>
  );
}

interface RowProps {
  name: string;
  values: readonly (string | null)[];
  outcome: string | null;
  /** Kept too, in another row. */
  alsoKept?: readonly string[];
}

/** Left out where there is nothing to tell. */
function Row({ name, values, outcome, alsoKept = [] }: RowProps): JSX.Element | null {
  if (!outcome) return null;
  const isLost = (value: string | null) =>
    value !== null && !outcome.includes(value) && !alsoKept.includes(value);
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: there are two, in their places
        <td key={index} data-lost={isLost(value)}>
          {value}
        </td>
      ))}
      <td class="merge-outcome">{outcome}</td>
    </tr>
  );
}
