import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useListBox } from "../app/list_box";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import type { Contact } from "./contact";

/** A pause this long (ms) in typing asks the server. */
const PAUSE_MS = 150;

interface ContactSearchProps {
  onPick: (contact: Contact) => void;
  /** What the button says that takes the chosen one; without it, choosing is enough. */
  confirm?: string;
  /** One who is not to be found. */
  except?: string;
  /** What else there is to do with what was typed. */
  children?: (typed: string) => ComponentChildren;
}

/** Finds a contact as one types. */
export function ContactSearch({ onPick, confirm, except, children }: ContactSearchProps): JSX.Element {
  const { t } = useWords();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<Contact | null>(null);
  const link = useRef<HTMLButtonElement>(null);
  const { found: all, problem, searched } = useFound(chosen ? "" : typed);
  const found = all.filter(({ id }) => id !== except);

  const pick = (contact: Contact) => {
    if (!confirm) return onPick(contact);
    setChosen(contact);
    setTyped(contact.name);
  };
  // Chosen with the keyboard: one more Enter adds it.
  useEffect(() => {
    if (chosen) link.current?.focus();
  }, [chosen]);
  const box = useListBox({
    label: t("contact.found"),
    items: found,
    onPick: pick,
  });
  return (
    <form
      class="contact-search"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) onPick(chosen);
      }}
    >
      <input
        class="field"
        type="text"
        aria-label={t("contact.search")}
        placeholder={t("contact.search.hint")}
        value={typed}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          setChosen(null);
        }}
        {...box.field}
      />
      <div class="contact-options" {...box.list} hidden={found.length === 0}>
        {found.map((contact, index) => (
          <div key={contact.id} class="option" {...box.option(contact, index)}>
            <b>{contact.name}</b>
            <span class="hint">{[contact.email, contact.company].filter(Boolean).join(" · ")}</span>
          </div>
        ))}
      </div>
      <p class="card-hint" role="status">
        {problem && tellProblem(problem, t)}
        {!problem && searched && !chosen && found.length === 0 && t("contact.none")}
        {chosen?.email}
      </p>
      {confirm && chosen && (
        <button ref={link} type="submit" class="button accent">
          {confirm}
        </button>
      )}
      {children?.(typed)}
    </form>
  );
}

interface Found {
  found: readonly Contact[];
  problem: Problem | null;
  /** Whether this is the answer to something typed. */
  searched: boolean;
}

const NOTHING: Found = { found: [], problem: null, searched: false };

function useFound(typed: string): Found {
  const { contacts } = useDesk();
  const [answer, setAnswer] = useState<Found>(NOTHING);
  const q = typed.trim();
  useEffect(() => {
    if (q === "") {
      setAnswer(NOTHING);
      return;
    }
    let overtaken = false;
    const timer = setTimeout(async () => {
      let next: Found;
      try {
        next = { found: await contacts.search(q), problem: null, searched: true };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        next = { found: [], problem: error, searched: true };
      }
      if (!overtaken) setAnswer(next);
    }, PAUSE_MS);
    return () => {
      overtaken = true;
      clearTimeout(timer);
    };
  }, [q, contacts]);
  return answer;
}
