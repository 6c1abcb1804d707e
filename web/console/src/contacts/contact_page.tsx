import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isManager } from "../agents/agent";
import { Moment } from "../app/time";
import { useDesk } from "../desk";
import { saveFile } from "../files/save_file";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import { Address } from "./address";
import { Fact, Section } from "./card_parts";
import { type Contact, fieldsOf } from "./contact";
import { ContactForm } from "./contact_form";
import { ContactHistory } from "./contact_history";
import { EraseDialog } from "./erase_dialog";
import { MergeDialog } from "./merge_dialog";
import { MergedContacts } from "./merged_contacts";
import { useMerges } from "./use_merges";

/** All that is known of one contact, what can be done with it, and all its requests. */
export function ContactPage({ id }: { id: string }): JSX.Element {
  const { t } = useWords();
  const { contactList, contacts, toasts, router } = useDesk();
  const [contact, setContact] = useState<Contact | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [editing, setEditing] = useState(false);
  const merged = contacts.merged.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: merged says that it may have changed
  useEffect(() => {
    let gone = false;
    contacts.read(id).then(
      (read) => {
        if (gone) return;
        // A bookmark of one that is part of another by now leads to that one.
        if (read.merged_into) router.go({ contactId: read.merged_into }, "replace");
        setContact(read);
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
  }, [contacts, id, merged, router]);
  if (problem) return <p role="alert">{tellProblem(problem, t)}</p>;
  if (!contact) return <p role="status">{t("settings.loading")}</p>;
  if (editing) {
    return (
      <ContactForm
        contact={contact}
        initial={fieldsOf(contact)}
        onSaved={(saved) => {
          setContact(saved);
          contactList.changed(saved);
          setEditing(false);
          toasts.done(t("contact.saved"));
        }}
        onExisting={({ id: other }) => router.go({ contactId: other })}
        existingAction="open"
        onCancel={() => setEditing(false)}
      />
    );
  }
  return (
    <>
      <Section title={contact.name}>
        <dl class="facts">
          <Fact name={t("card.email")}>{contact.email && <Address>{contact.email}</Address>}</Fact>
          {contact.other_emails.length > 0 && (
            <Fact name={t("merge.otherEmails")}>
              {contact.other_emails.map((email) => (
                <div key={email}>
                  <Address>{email}</Address>
                </div>
              ))}
            </Fact>
          )}
          <Fact name={t("contact.phone")}>{contact.phone}</Fact>
          <Fact name={t("contact.company")}>{contact.company && <bdi>{contact.company}</bdi>}</Fact>
          {contact.notes && (
            <Fact name={t("merge.notes")}>
              <span class="contact-notes" dir="auto">
                {contact.notes}
              </span>
            </Fact>
          )}
          <Fact name={t("contacts.since")}>
            <Moment at={contact.created_at} />
          </Fact>
        </dl>
        <Acts contact={contact} onEdit={() => setEditing(true)} />
      </Section>
      <ContactHistory contactId={contact.id} />
    </>
  );
}

/** Changing, and what supervisors and administrators may do: merge, give out, erase. */
function Acts({ contact, onEdit }: { contact: Contact; onEdit: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { agent, api, contactList, router, toasts } = useDesk();
  const [merging, setMerging] = useState(false);
  const [erasing, setErasing] = useState(false);
  const [gathering, setGathering] = useState(false);
  const merges = useMerges();
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
    }
  };
  const giveOut = async () => {
    // What spreadsheets expect in the language.
    const query = { contact_id: contact.id, separator: locale === "fr" ? "semicolon" : "comma" };
    saveFile(await api.blob("/api/v1/contacts/export", query), `contact-${contact.id}.csv`);
  };
  const giveAll = async () => {
    setGathering(true);
    await attempt(async () => {
      const day = new Date().toISOString().slice(0, 10);
      saveFile(await api.blob(`/api/v1/contacts/${contact.id}/archive`), `contact-${contact.id}-${day}.zip`);
    });
    setGathering(false);
  };
  const tellErased = async () => {
    setErasing(false);
    router.go({ contactId: null }, "replace");
    toasts.done(t("contacts.erased"));
    await contactList.reload();
  };
  return (
    <>
      <div class="card-actions">
        <button type="button" class="button" onClick={onEdit}>
          {t("contact.edit")}
        </button>
        {isManager(agent) && (
          <>
            <button type="button" class="button" onClick={() => setMerging(true)}>
              {t("merge.action")}
            </button>
            <button type="button" class="button" onClick={() => void attempt(giveOut)}>
              {t("contacts.export")}
            </button>
            <button type="button" class="button" disabled={gathering} onClick={() => void giveAll()}>
              {gathering ? t("contacts.archive.busy") : t("contacts.archive")}
            </button>
            <button type="button" class="button" onClick={() => setErasing(true)}>
              {t("contacts.erase")}
            </button>
          </>
        )}
      </div>
      {isManager(agent) && <MergedContacts contact={contact} onPart={(one) => void merges.part(one)} />}
      {erasing && (
        <EraseDialog
          contact={contact}
          onErased={() => void attempt(tellErased)}
          onClose={() => setErasing(false)}
        />
      )}
      {merging && (
        <MergeDialog
          contact={contact}
          onMerged={(stays, gone) => {
            setMerging(false);
            merges.tellMerged(stays, gone);
            router.go({ contactId: stays.id }, "replace");
            void contactList.reload();
          }}
          onClose={() => setMerging(false)}
        />
      )}
    </>
  );
}
