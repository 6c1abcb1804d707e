import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { Moment } from "../app/time";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import type { Contact } from "./contact";
import type { AddressClaim } from "./contacts";
import "./erase_dialog.css";

interface EraseDialogProps {
  contact: Contact;
  onErased: () => void;
  onClose: () => void;
}

/** Asks before a person is forgotten for good, and whether those who gave the same address in a chat are that person. */
export function EraseDialog({ contact, onErased, onClose }: EraseDialogProps): JSX.Element {
  const { t } = useWords();
  const { contacts } = useDesk();
  const [claims, setClaims] = useState<AddressClaim[] | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: attempt is new with each drawing, and the same
  useEffect(() => {
    void attempt(async () => setClaims(await contacts.claimsOn(contact.id)));
  }, [contacts, contact.id]);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    await attempt(async () => {
      await contacts.erase(contact, [...chosen]);
      onErased();
    });
    setBusy(false);
  };
  const choose = (id: string, yes: boolean) =>
    setChosen(new Set(yes ? [...chosen, id] : [...chosen].filter((one) => one !== id)));
  return (
    <Dialog title={t("contacts.erase.title", { name: contact.name })} onClose={onClose}>
      <form class="erase-form" onSubmit={submit}>
        <p>{t("contacts.erase.ask")}</p>
        {claims !== null && claims.length > 0 && (
          <fieldset class="erase-claims">
            <legend>{t("contacts.erase.claims")}</legend>
            <p class="hint">{t("contacts.erase.claims.hint")}</p>
            {claims.map((claim) => (
              <label key={claim.visitor_id} class="check">
                <input
                  type="checkbox"
                  checked={chosen.has(claim.visitor_id)}
                  onChange={(event) => choose(claim.visitor_id, event.currentTarget.checked)}
                />
                <span>
                  <bdi>{claim.name ?? t("contacts.erase.claims.noName")}</bdi>, <bdi>{claim.email}</bdi>
                  <span class="hint">
                    {claim.numbers.map((number) => `#${number}`).join(", ")}
                    {" · "}
                    <Moment at={claim.last_activity_at} />
                  </span>
                </span>
              </label>
            ))}
          </fieldset>
        )}
        <p class="form-problem" role="alert">
          {problem && tellProblem(problem, t)}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" autofocus onClick={onClose}>
            {t("app.cancel")}
          </button>
          {/* Whoever erases has seen who else there is. */}
          <button type="submit" class="button strong" disabled={busy || claims === null}>
            {t("contacts.erase.yes")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
