import type { JSX } from "preact";
import { useDesk } from "../desk";
import { LinkedText } from "../timeline/linked_text";
import { useWords } from "../words/words";
import { type Proposal, QUOTES, type Quote } from "./emails";
import "./email_fields.css";

interface FieldsProps {
  requestId: string;
  proposal: Proposal;
  /** The e-mail must stay as it is. */
  locked: boolean;
}

/** Subject and copies, above the text. */
export function EmailHead({
  requestId,
  proposal,
  locked,
  wrong,
}: FieldsProps & { wrong: string[] }): JSX.Element {
  const { t } = useWords();
  const { emails } = useDesk();
  const { subject, cc } = emails.fields(requestId);
  return (
    <div class="email-fields">
      <label class="email-field">
        <span>{t("composer.email.noSubject")}</span>
        <input
          type="text"
          aria-label={t("composer.email.subject")}
          maxLength={200}
          readOnly={locked}
          value={subject ?? proposal.subject}
          onInput={({ currentTarget }) => emails.change(requestId, { subject: currentTarget.value })}
        />
      </label>
      <label class="email-field">
        <span>{t("composer.email.cc")}</span>
        <input
          type="text"
          inputMode="email"
          autocomplete="off"
          readOnly={locked}
          aria-invalid={wrong.length > 0}
          value={cc ?? proposal.cc.map(({ email }) => email).join(", ")}
          onInput={({ currentTarget }) => emails.change(requestId, { cc: currentTarget.value })}
        />
      </label>
      <p class="email-wrong" role="status">
        {wrong.length > 0 && t("composer.email.wrongCc", { count: wrong.length, wrong: wrong.join(", ") })}
      </p>
    </div>
  );
}

/** What will stand below the text: the signature, and what was said before. */
export function EmailFoot({
  requestId,
  proposal,
  locked,
  keys,
}: FieldsProps & { keys: string }): JSX.Element {
  const { t } = useWords();
  const { emails } = useDesk();
  const { signature, quote } = emails.fields(requestId);
  const quoted = quote === "none" ? "" : proposal.quoted[quote];
  return (
    <div class="email-below">
      {proposal.signature && signature && <LinkedText text={proposal.signature} />}
      {quoted && (
        <details class="folded">
          <summary>{t("composer.email.quoted")}</summary>
          <LinkedText text={quoted} />
        </details>
      )}
      <div class="email-choices">
        {proposal.signature && (
          <label class="email-choice">
            <input
              type="checkbox"
              checked={signature}
              disabled={locked}
              onChange={({ currentTarget }) => emails.change(requestId, { signature: currentTarget.checked })}
            />
            {t("composer.email.signature")}
          </label>
        )}
        {(proposal.quoted.last || proposal.quoted.all) && (
          <select
            class="field email-quote"
            aria-label={t("composer.email.quote")}
            disabled={locked}
            value={quote}
            onChange={({ currentTarget }) =>
              emails.change(requestId, { quote: currentTarget.value as Quote })
            }
          >
            {QUOTES.map((known) => (
              <option key={known} value={known}>
                {t(`composer.email.quote.${known}`)}
              </option>
            ))}
          </select>
        )}
        <span class="email-keys">{keys}</span>
      </div>
    </div>
  );
}
