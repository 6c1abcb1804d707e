import type { JSX, TargetedSubmitEvent } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { type T, tellProblem, useWords } from "../words/words";
import {
  CONTACT_FIELDS,
  type Contact,
  type ContactField,
  type ContactFields,
  changedFields,
  FIELD_REFUSALS,
  fieldsOf,
  NO_FIELDS,
} from "./contact";

interface ContactFormProps {
  /** The contact to change; null to make one. */
  contact: Contact | null;
  /** What the form begins with. */
  initial: ContactFields;
  onSaved: (contact: Contact) => void;
  /** The address is somebody's already, and the agent chose them. */
  onExisting: (contact: Contact) => void;
  /** What choosing them does; without it, they are linked to the request. */
  existingAction?: "open";
  onCancel: () => void;
}

/** Makes a contact, or changes one. What the service finds wrong is said at its field. */
export function ContactForm({
  contact,
  initial,
  onSaved,
  onExisting,
  existingAction,
  onCancel,
}: ContactFormProps): JSX.Element {
  const { t } = useWords();
  const { contacts } = useDesk();
  const [base, setBase] = useState(contact);
  const [fields, setFields] = useState(initial);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [existing, setExisting] = useState<Contact | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const newId = useRef(crypto.randomUUID());

  useLayoutEffect(() => form.current?.querySelector("input")?.focus(), []);

  const refuse = async (refusal: Problem) => {
    setProblem(refusal);
    if (refusal.code === "contact_exists") setExisting(await contacts.read(String(refusal.body.contact_id)));
    if (refusal.status === 412 && base) {
      // What the agent did not touch takes the new values; what they did stays theirs, for them to judge.
      const current = refusal.body.current as Contact;
      const [before, after] = [fieldsOf(base), fieldsOf(current)];
      const theirs = CONTACT_FIELDS.filter((field) => fields[field] === before[field]);
      setFields({ ...fields, ...Object.fromEntries(theirs.map((field) => [field, after[field]])) });
      setBase(current);
    }
    if (refusal.errors[0])
      form.current?.querySelector<HTMLInputElement>(`[name="${refusal.errors[0].field}"]`)?.focus();
  };
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setExisting(null);
    try {
      const changes = changedFields(base ? fieldsOf(base) : NO_FIELDS, fields);
      onSaved(await (base ? contacts.change(base, changes) : contacts.create(newId.current, changes)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // The contact that has the address may not be readable (yet): its refusal is told all the same.
      await refuse(error).catch((second: unknown) => {
        if (!(second instanceof Problem)) throw second;
      });
    }
    setBusy(false);
  };
  return (
    <form
      ref={form}
      class="contact-form"
      noValidate
      aria-label={contact ? t("contact.edit") : t("contact.new")}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // Of this form, and of nothing around it.
        event.preventDefault();
        event.stopPropagation();
        onCancel();
      }}
    >
      {CONTACT_FIELDS.map((field) => (
        <FormField
          key={field}
          field={field}
          value={fields[field]}
          refusal={tellFieldRefusal(problem, field, t)}
          onInput={(value) => setFields({ ...fields, [field]: value })}
        />
      ))}
      <p class="form-problem" role="alert">
        {problem &&
          !CONTACT_FIELDS.some((field) => tellFieldRefusal(problem, field, t)) &&
          tellRefusal(problem, existing, t)}
      </p>
      {existing && (
        <button type="button" class="button" onClick={() => onExisting(existing)}>
          {t(existingAction === "open" ? "contact.openExisting" : "contact.useExisting", {
            name: existing.name,
          })}
        </button>
      )}
      <div class="form-actions">
        <button type="button" class="button" onClick={onCancel}>
          {t("app.cancel")}
        </button>
        <button type="submit" class="button accent" disabled={busy}>
          {contact ? t("contact.save") : t("contact.create")}
        </button>
      </div>
    </form>
  );
}

interface FormFieldProps {
  field: ContactField;
  value: string;
  refusal: string | null;
  onInput: (value: string) => void;
}

const KEYBOARDS: Partial<Record<ContactField, "email" | "tel">> = { email: "email", phone: "tel" };

function FormField({ field, value, refusal, onInput }: FormFieldProps): JSX.Element {
  const { t } = useWords();
  const id = useId();
  return (
    <div class="form-field">
      <label for={id}>{t(`contact.${field}`)}</label>
      <input
        id={id}
        class="field"
        name={field}
        inputMode={KEYBOARDS[field] ?? "text"}
        autocomplete="off"
        value={value}
        aria-invalid={refusal !== null}
        aria-describedby={refusal ? `${id}-refusal` : undefined}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      {refusal && (
        <p id={`${id}-refusal`} class="form-problem">
          {refusal}
        </p>
      )}
    </div>
  );
}

function tellFieldRefusal(problem: Problem | null, field: ContactField, t: T): string | null {
  const refusal = problem?.errors.find((error) => error.field === field);
  if (!refusal) return null;
  const known = FIELD_REFUSALS.find((code) => code === refusal.code);
  return known ? t(`contact.refused.${known}`) : refusal.message;
}

function tellRefusal(problem: Problem, existing: Contact | null, t: T): string {
  if (problem.code === "contact_exists")
    return existing ? t("contact.exists", { name: existing.name }) : t("contact.existsHidden");
  return problem.status === 412 ? t("contact.stale") : tellProblem(problem, t);
}
