import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { isManager } from "../agents/agent";
import { Icon } from "../app/icons";
import { Link } from "../app/link";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { displayName } from "../requests/request";
import { tellProblem, useWords } from "../words/words";
import { Address } from "./address";
import { Fact, Section } from "./card_parts";
import { type Contact, type ContactFields, fieldsOf, givenFields, typedFields } from "./contact";
import { ContactForm } from "./contact_form";
import { ContactSearch } from "./contact_search";
import { MergeDialog } from "./merge_dialog";
import { MergedContacts } from "./merged_contacts";
import { useMerges } from "./use_merges";

/** Who asks: the linked contact, or what the visitor gave and the ways to link one. */
export function Customer({ request }: { request: Request }): JSX.Element {
  const { t } = useWords();
  /** Which contact's form is open; empty for that of a new one. */
  const [form, setForm] = useState<string | null>(null);
  const { contact } = request;
  // Another contact, or none: whatever form was open has done its work. A request opened next has its own.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useLayoutEffect(() => setForm(null), [contact?.id, request.id]);
  return (
    <Section title={t("card.contact")} content={`${contact?.id} ${form}`}>
      {contact ? (
        <LinkedContact
          key={contact.id}
          request={request}
          linked={contact}
          editing={form === contact.id}
          onEdit={(editing) => setForm(editing ? contact.id : null)}
        />
      ) : (
        <UnknownCustomer
          key={request.id}
          request={request}
          creating={form === NEW}
          onCreate={(creating) => setForm(creating ? NEW : null)}
        />
      )}
    </Section>
  );
}

/** Leads the keyboard to where a contact is linked or completed. */
export function focusCustomer(): void {
  document.querySelector<HTMLElement>(".contact-search .field, .card-actions .button")?.focus();
}

/** No contact has this id. */
const NEW = "";

interface UnknownCustomerProps {
  request: Request;
  creating: boolean;
  onCreate: (creating: boolean) => void;
}

function UnknownCustomer({ request, creating, onCreate }: UnknownCustomerProps): JSX.Element {
  const { t } = useWords();
  const { edits } = useDesk();
  /** What was searched in vain, to begin the new contact with. */
  const [typed, setTyped] = useState("");
  const link = (contact: Contact) => void edits.link(request, contact);
  if (creating) {
    return (
      <ContactForm
        contact={null}
        initial={
          typed.trim() ? { ...givenFields(request), ...said(typedFields(typed)) } : givenFields(request)
        }
        onSaved={link}
        onExisting={link}
        onCancel={() => onCreate(false)}
      />
    );
  }
  return (
    <>
      <dl class="facts">
        <Fact name={t("card.name")}>{displayName(request, t("visitor"))}</Fact>
        <Fact name={t("card.email")}>
          {request.visitor?.email && <Address>{request.visitor.email}</Address>}
        </Fact>
      </dl>
      <ContactSearch onPick={link} confirm={t("contact.link")}>
        {(searched) => (
          <button
            type="button"
            class="button"
            onClick={() => {
              setTyped(searched);
              onCreate(true);
            }}
          >
            <Icon name="plus" />
            {t("contact.new")}
          </button>
        )}
      </ContactSearch>
    </>
  );
}

/** The fields that hold something. */
function said(fields: ContactFields): Partial<ContactFields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

interface LinkedContactProps {
  request: Request;
  linked: NonNullable<Request["contact"]>;
  editing: boolean;
  onEdit: (editing: boolean) => void;
}

function LinkedContact({ request, linked, editing, onEdit }: LinkedContactProps): JSX.Element {
  const { t } = useWords();
  const { agent, edits, toasts } = useDesk();
  const { contact, problem, setContact } = useContact(linked);
  const [merging, setMerging] = useState(false);
  const merges = useMerges();
  const shownEmail = contact ? contact.email : linked.email;
  if (editing && contact) {
    return (
      <ContactForm
        contact={contact}
        initial={fieldsOf(contact)}
        onSaved={(saved) => {
          setContact(saved);
          onEdit(false);
          toasts.done(t("contact.saved"));
        }}
        onExisting={(existing) => void edits.link(request, existing)}
        onCancel={() => onEdit(false)}
      />
    );
  }
  return (
    <>
      <dl class="facts">
        <Fact name={t("card.name")}>{contact?.name ?? linked.name}</Fact>
        <Fact name={t("card.email")}>{shownEmail && <Address>{shownEmail}</Address>}</Fact>
        <Fact name={t("contact.phone")}>{contact?.phone}</Fact>
        <Fact name={t("contact.company")}>{contact?.company}</Fact>
      </dl>
      <p class="card-hint" role="status">
        {problem && tellProblem(problem, t)}
      </p>
      <div class="card-actions">
        <button type="button" class="button" disabled={!contact} onClick={() => onEdit(true)}>
          {t("contact.edit")}
        </button>
        <button type="button" class="button" onClick={() => void edits.unlink(request)}>
          {t("contact.unlink")}
        </button>
        {isManager(agent) && (
          <button type="button" class="button" disabled={!contact} onClick={() => setMerging(true)}>
            {t("merge.action")}
          </button>
        )}
        <Link class="button" to={{ contacts: true, contactId: contact?.id ?? linked.id }}>
          {t("contact.open")}
        </Link>
      </div>
      {isManager(agent) && contact && (
        <MergedContacts contact={contact} onPart={(one) => void merges.part(one)} />
      )}
      {merging && contact && (
        <MergeDialog
          contact={contact}
          onMerged={(stays, gone) => {
            setMerging(false);
            merges.tellMerged(stays, gone);
          }}
          onClose={() => setMerging(false)}
        />
      )}
    </>
  );
}

/** All of the contact; read again when the request's copy of it changes, and after a merge. */
function useContact({ id, name, email }: NonNullable<Request["contact"]>) {
  const { contacts } = useDesk();
  const [contact, setContact] = useState<Contact | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const merged = contacts.merged.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: name, email and merged say that it changed
  useEffect(() => {
    let gone = false;
    contacts.read(id).then(
      (read) => {
        if (gone) return;
        setContact((known) => (known && known.version > read.version ? known : read));
        setProblem(null);
      },
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        if (!gone) setProblem(error);
      },
    );
    return () => {
      gone = true;
    };
  }, [contacts, id, name, email, merged]);
  return { contact, problem, setContact };
}
