import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
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

/** To whom it goes, and its subject, above the text. */
export function EmailHead({
  requestId,
  proposal,
  locked,
  wrong,
}: FieldsProps & { wrong: string[] }): JSX.Element {
  const { t, locale } = useWords();
  const { emails } = useDesk();
  const { subject, to, cc, bcc, forwardOf } = emails.fields(requestId);
  const [withBcc, setWithBcc] = useState(false);
  const invalid = wrong.length > 0;
  const field = (
    name: "to" | "cc" | "bcc",
    value: string,
    more: { autofocus?: boolean; children?: ComponentChildren } = {},
  ) => (
    <div class="email-field">
      <label class="email-label">
        <span>{t(`composer.email.${name}`)}</span>
        <input
          type="text"
          inputMode="email"
          autocomplete="off"
          readOnly={locked}
          autofocus={more.autofocus}
          aria-invalid={invalid}
          value={value}
          onInput={({ currentTarget }) => emails.change(requestId, { [name]: currentTarget.value })}
        />
      </label>
      {more.children}
    </div>
  );
  return (
    <div class="email-fields">
      {forwardOf && (
        <p class="email-forward">
          <span class="grow">{t("composer.email.forwarding")}</span>
          {!locked && (
            <button type="button" class="button quiet" onClick={() => emails.dropForward(requestId, locale)}>
              {t("composer.email.dropForward")}
            </button>
          )}
        </p>
      )}
      {field("to", to ?? proposal.to?.email ?? "", { autofocus: forwardOf !== undefined })}
      {field("cc", cc ?? proposal.cc.map(({ email }) => email).join(", "), {
        children: !withBcc && !bcc && !locked && (
          <button type="button" class="button quiet" onClick={() => setWithBcc(true)}>
            {t("composer.email.addBcc")}
          </button>
        ),
      })}
      {(withBcc || bcc) && field("bcc", bcc ?? "", { autofocus: withBcc })}
      <label class="email-field email-label">
        <span>{t("composer.email.noSubject")}</span>
        <input
          type="text"
          dir="auto"
          aria-label={t("composer.email.subject")}
          maxLength={200}
          readOnly={locked}
          value={subject ?? proposal.subject}
          onInput={({ currentTarget }) => emails.change(requestId, { subject: currentTarget.value })}
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
  const { signature, quote, forwardOf } = emails.fields(requestId);
  const quoted = forwardOf ? proposal.quoted.last : quote === "none" ? "" : proposal.quoted[quote];
  const files = proposal.attachments ?? [];
  return (
    <div class="email-below">
      {proposal.signature && signature && <LinkedText text={proposal.signature} />}
      {quoted && (
        <details class="folded">
          <summary>{t(forwardOf ? "composer.email.forwarded" : "composer.email.quoted")}</summary>
          <LinkedText text={quoted} />
        </details>
      )}
      {files.length > 0 && (
        <p class="email-files">
          {t("composer.email.files", {
            count: files.length,
            names: files.map(({ name }) => name).join(", "),
          })}
        </p>
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
        {!forwardOf && (proposal.quoted.last || proposal.quoted.all) && (
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
