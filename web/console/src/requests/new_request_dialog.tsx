import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { AgentSelect } from "../agents/agent_select";
import { Dialog } from "../app/dialog";
import { Icon, PriorityMark } from "../app/icons";
import { Segments } from "../app/segments";
import { type Contact, fieldsOf, typedFields } from "../contacts/contact";
import { ContactForm } from "../contacts/contact_form";
import { ContactSearch } from "../contacts/contact_search";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { choices } from "../reasons/reason";
import { type T, tellProblem, useWords } from "../words/words";
import type { NewRequestFields } from "./new_request";
import { PRIORITIES } from "./request";
import "./new_request_dialog.css";

/** As the service has them. */
const LONGEST_SUBJECT = 200;
const LONGEST_TEXT = 10_000;

/** Makes a request by hand. Leaving keeps what is filled in, for the next time. */
export function NewRequestDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { t } = useWords();
  const { newRequest, requests, router, drafts } = useDesk();
  const { made, fields } = newRequest.draft;
  const [contactForm, setContactForm] = useState<Contact | string | null>(null);
  // Not while nobody knows whether the e-mail has left: from the composer it would be another one.
  const leavable = made !== null && !newRequest.busy.value && !newRequest.unsure;
  const open = (id: string) => {
    router.go({ requestId: id, settings: null, contacts: false });
    onClose();
  };
  const close = () => {
    if (!leavable) return onClose();
    // The request is there: what could not be sent goes on in its composer.
    drafts.add(made.id, fields.text);
    newRequest.clear();
    open(made.id);
  };
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const request = await newRequest.make();
    if (!request) return;
    requests.changed(request);
    open(request.id);
  };
  return (
    <Dialog title={t("new.title")} wide onClose={close}>
      <NewRequestContact
        fixed={made !== null || newRequest.unsure || newRequest.busy.value}
        form={contactForm}
        onForm={setContactForm}
      />
      {/* One thing at a time: without its contact the request would be made of half of what was meant. */}
      <form class="new-request" hidden={contactForm !== null} onSubmit={submit}>
        <NewRequestForm />
        <div class="dialog-actions">
          {!made && (
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                newRequest.clear();
                onClose();
              }}
            >
              {t("new.discard")}
            </button>
          )}
          <button type="button" class="button" onClick={close}>
            {t(leavable ? "new.openWithout" : "app.close")}
          </button>
          <button type="submit" class="button accent" disabled={newRequest.busy.value || !sendable(fields)}>
            {newRequest.busy.value ? t("new.making") : t(made ? "new.sendAgain" : `new.make.${fields.first}`)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function sendable({ first, contact, subject, text }: NewRequestFields): boolean {
  return subject.trim() !== "" && (first === "note" || (!!contact?.email && text.trim() !== ""));
}

interface NewRequestContactProps {
  /** Whether it can no longer be another one. */
  fixed: boolean;
  /** The form that is open: of the contact to change, or of one that begins with what was typed. */
  form: Contact | string | null;
  onForm: (form: Contact | string | null) => void;
}

/** Who it is about: found, made or changed; also nobody. */
function NewRequestContact({ fixed, form, onForm }: NewRequestContactProps): JSX.Element {
  const { t } = useWords();
  const { newRequest, contacts, toasts } = useDesk();
  const { contact } = newRequest.draft.fields;
  const pick = (picked: Contact) => {
    onForm(null);
    newRequest.set({ contact: { id: picked.id, name: picked.name, email: picked.email } });
  };
  const edit = async (id: string) => {
    try {
      onForm(await contacts.read(id));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
    }
  };
  if (form !== null) {
    const edited = typeof form === "string" ? null : form;
    return (
      <ContactForm
        contact={edited}
        initial={typeof form === "string" ? typedFields(form) : fieldsOf(form)}
        onSaved={pick}
        onExisting={pick}
        onCancel={() => onForm(null)}
      />
    );
  }
  if (!contact) {
    return (
      <ContactSearch onPick={pick}>
        {(typed) => (
          <button type="button" class="button" onClick={() => onForm(typed)}>
            <Icon name="plus" />
            {t("contact.new")}
          </button>
        )}
      </ContactSearch>
    );
  }
  return (
    <div class="picked-contact">
      <Icon name="person" />
      <span class="grow">
        <b>{contact.name}</b>
        <span class="hint">{contact.email ?? t("new.noAddress")}</span>
      </span>
      {!fixed && (
        <>
          <button type="button" class="button quiet" onClick={() => void edit(contact.id)}>
            {t("contact.edit")}
          </button>
          <button type="button" class="button quiet" onClick={() => newRequest.set({ contact: null })}>
            {t("new.otherContact")}
          </button>
        </>
      )}
    </div>
  );
}

function NewRequestForm(): JSX.Element {
  const { t, locale } = useWords();
  const { newRequest, reasons } = useDesk();
  const { fields, made } = newRequest.draft;
  const { contact, first } = fields;
  const contactId = contact?.id;
  const problem = newRequest.problem.value;
  const fixed = newRequest.unsure || newRequest.busy.value;
  const subject = useRef<HTMLInputElement>(null);
  // The search has gone with the focus: it goes on to what comes next.
  useEffect(() => {
    if (contactId) subject.current?.focus();
  }, [contactId]);
  return (
    <>
      <fieldset class="bare" disabled={fixed || made !== null}>
        <label class="form-field">
          {t("card.subject")}
          <input
            ref={subject}
            class="field"
            required
            maxLength={LONGEST_SUBJECT}
            value={fields.subject}
            onInput={({ currentTarget }) => newRequest.set({ subject: currentTarget.value })}
          />
        </label>
        <Segments
          name={t("new.first")}
          options={(["note", "email"] as const).map((kind) => [
            kind,
            t(`new.first.${kind}`),
            <Icon key={kind} name={kind === "note" ? "lock" : "email"} />,
          ])}
          chosen={first}
          onChoose={(kind) => newRequest.set({ first: kind })}
        />
      </fieldset>
      <fieldset class="bare" disabled={fixed}>
        <label class="form-field" data-note={first === "note"}>
          {t(`new.text.${first}`)}
          <textarea
            class="field"
            rows={5}
            maxLength={LONGEST_TEXT}
            value={fields.text}
            onInput={({ currentTarget }) => newRequest.set({ text: currentTarget.value })}
          />
        </label>
        <p class="card-hint">{first === "email" && tellWay(contact, t)}</p>
      </fieldset>
      <fieldset class="bare side-by-side" disabled={fixed || made !== null}>
        <label class="form-field">
          {t("card.reason")}
          <select
            class="field"
            value={fields.reason_id ?? ""}
            onChange={({ currentTarget }) => newRequest.set({ reason_id: currentTarget.value || null })}
          >
            <option value="">{t("card.reason.none")}</option>
            {choices(reasons.items.value ?? [], fields.reason_id).map(({ id, label }) => (
              <option key={id} value={id}>
                {label[locale]}
              </option>
            ))}
          </select>
        </label>
        <AgentSelect
          label={t("card.assignee")}
          chosen={fields.assignee_id}
          onChoose={(assignee_id) => newRequest.set({ assignee_id })}
        />
        <Segments
          name={t("card.priority")}
          options={PRIORITIES.map((priority) => [
            priority,
            t(`priority.${priority}`),
            <PriorityMark key={priority} priority={priority} />,
          ])}
          chosen={fields.priority}
          onChoose={(priority) => newRequest.set({ priority })}
        />
      </fieldset>
      <p class="form-problem" role="alert">
        {problem && made && t("new.emailRefused", { number: String(made.number) })}{" "}
        {problem && tellProblem(problem, t)}
        {newRequest.unsure && ` ${t("new.unsure")}`}
        {problem?.errors.map(({ field, message }) => ` ${field}: ${message}`)}
      </p>
    </>
  );
}

/** Where the e-mail goes, or what it lacks. */
function tellWay(contact: NewRequestFields["contact"], t: T): string {
  if (!contact) return t("new.needsContact");
  return contact.email
    ? t("new.goesTo", { email: contact.email })
    : t("new.needsAddress", { name: contact.name });
}
