import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isManager } from "../agents/agent";
import { Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { Link } from "../app/link";
import type { ContactSort } from "../app/route";
import { Age } from "../app/time";
import { useDesk } from "../desk";
import { tellProblem, useWords } from "../words/words";
import { Address } from "./address";
import { typedFields } from "./contact";
import { ContactForm } from "./contact_form";
import { ContactPage } from "./contact_page";
import { ImportScreen } from "./import_screen";
import "./contacts_place.css";

/** A pause this long (ms) in typing searches. */
const PAUSE_MS = 200;
/** The next page is read when this little (px) is left below. */
const AHEAD = 400;

/** The customer base: a list to search and sort, and beside it the contact that is open. */
export function ContactsPlace({ menu }: { menu: ComponentChildren }): JSX.Element {
  const { t } = useWords();
  const { agent, router } = useDesk();
  const { contactId } = router.route.value;
  return (
    <div class="contacts" data-open={contactId !== null}>
      <header class="pane-bar contacts-bar">
        <h1 class="grow">{t("places.contacts")}</h1>
        {isManager(agent) && (
          <Link class="button only-wide" to={{ contactId: "import" }}>
            {t("contacts.import")}
          </Link>
        )}
        <Link class="button accent" to={{ contactId: "new" }}>
          <Icon name="plus" />
          {t("contact.new")}
        </Link>
        {menu}
      </header>
      <ContactTable />
      {contactId !== null && <Beside key={contactId} contactId={contactId} />}
    </div>
  );
}

function ContactTable(): JSX.Element {
  const { t } = useWords();
  const { contactList, router } = useDesk();
  const { find, sort, contactId } = router.route.value;
  const { items, cursor, loading, problem } = contactList.listed.value;
  const scroller = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    void contactList.show({ find, sort });
    scroller.current?.scrollTo(0, contactList.place);
  }, [contactList, find, sort]);
  return (
    <main class="contacts-list" aria-label={t("places.contacts")}>
      <Search />
      <div
        class="contacts-scroller"
        ref={scroller}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          contactList.place = scrollTop;
          if (scrollHeight - scrollTop - clientHeight < AHEAD) void contactList.more();
        }}
      >
        <table class="contacts-table" aria-busy={loading}>
          <thead>
            <tr>
              <SortHead name={t("card.name")} sorts={["name", "-name"]} />
              <th scope="col">{t("contact.email")}</th>
              <th scope="col" class="contacts-phone">
                {t("contact.phone")}
              </th>
              <th scope="col" class="contacts-company">
                {t("contact.company")}
              </th>
              <SortHead name={t("contacts.changed")} sorts={["-updated_at"]} />
            </tr>
          </thead>
          <tbody>
            {items.map((contact) => (
              <tr key={contact.id} data-open={contact.id === contactId}>
                <th scope="row">
                  <Link
                    class="contact-link"
                    to={{ contactId: contact.id }}
                    aria-current={contact.id === contactId ? "true" : undefined}
                  >
                    <bdi>{contact.name}</bdi>
                  </Link>
                </th>
                <td>{contact.email && <Address>{contact.email}</Address>}</td>
                <td class="contacts-phone">{contact.phone}</td>
                <td class="contacts-company" dir="auto">
                  {contact.company}
                </td>
                <td class="contacts-age">
                  <Age at={contact.updated_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {problem ? (
          <div class="notice" role="alert">
            <p>{tellProblem(problem, t)}</p>
            <button type="button" class="button" onClick={() => void contactList.reload()}>
              <Icon name="reload" />
              {t("app.retry")}
            </button>
          </div>
        ) : (
          items.length === 0 &&
          !loading && <p class="notice">{t(find ? "contacts.none" : "contacts.empty")}</p>
        )}
        {cursor !== null && !problem && (
          <button
            type="button"
            class="button contacts-more"
            disabled={loading}
            onClick={() => void contactList.more()}
          >
            {t("contacts.more")}
          </button>
        )}
      </div>
    </main>
  );
}

/** Searches as one types; what is typed stands in the address, and can be come back to. */
function Search(): JSX.Element {
  const { t } = useWords();
  const { router } = useDesk();
  const { find } = router.route.value;
  const [typed, setTyped] = useState(find ?? "");
  const field = useRef<HTMLInputElement>(null);
  useShortcut("search", () => field.current?.focus());
  useEffect(() => {
    const timer = setTimeout(() => router.go({ find: typed.trim() || null }, "replace"), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, router]);
  return (
    <search class="contacts-search">
      <input
        ref={field}
        class="field"
        type="search"
        aria-label={t("contact.search")}
        placeholder={t("contacts.search.hint")}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
    </search>
  );
}

/** A column's head that sorts: again, and it sorts the other way, where there is one. */
function SortHead({ name, sorts }: { name: string; sorts: [ContactSort, ContactSort?] }): JSX.Element {
  const { router } = useDesk();
  const { sort } = router.route.value;
  const at = sorts.indexOf(sort);
  const next = sorts[(at + 1) % sorts.length] ?? sorts[0];
  const down = sort.startsWith("-");
  return (
    <th scope="col" aria-sort={at < 0 ? undefined : down ? "descending" : "ascending"}>
      <button type="button" class="sort-button" onClick={() => router.go({ sort: next }, "replace")}>
        {name}
        {at >= 0 && <Icon name={down ? "down" : "up"} />}
      </button>
    </th>
  );
}

/** What stands beside the list: a contact, the form of a new one, or an import. */
function Beside({ contactId }: { contactId: string }): JSX.Element {
  const { t } = useWords();
  const { agent, contactList, router } = useDesk();
  const titles = { new: t("contact.new"), import: t("settings.import") } as const;
  const title = titles[contactId as keyof typeof titles] ?? t("contacts.one");
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  const close = () => router.go({ contactId: null });
  return (
    <section
      class="pane contact-pane"
      data-wide={contactId === "import"}
      aria-label={title}
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && close()}
    >
      <header class="pane-bar">
        <h2 class="grow" ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <Link
          class="button quiet square"
          to={{ contactId: null }}
          aria-label={t("contacts.close")}
          title={t("contacts.close")}
        >
          <Icon name="cross" />
        </Link>
      </header>
      <div class="contact-content">
        {contactId === "new" ? (
          <ContactForm
            contact={null}
            initial={typedFields(router.route.value.find ?? "")}
            onSaved={({ id }) => {
              void contactList.reload();
              router.go({ contactId: id });
            }}
            onExisting={({ id }) => router.go({ contactId: id })}
            existingAction="open"
            onCancel={close}
          />
        ) : contactId === "import" ? (
          isManager(agent) ? (
            <ImportScreen onDone={() => void contactList.reload()} />
          ) : (
            <p>{t("settings.forbidden.supervisors")}</p>
          )
        ) : (
          <ContactPage id={contactId} />
        )}
      </div>
    </section>
  );
}
