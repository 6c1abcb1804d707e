import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon, StatusMark } from "../app/icons";
import { Link } from "../app/link";
import { Age } from "../app/time";
import { useDesk } from "../desk";
import type { Page } from "../http/pages";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import { Section } from "./card_parts";

const PAGE = 20;

/** All requests of a contact with their last words, the newest first; each opens at the desk. */
export function ContactHistory({ contactId }: { contactId: string }): JSX.Element {
  const { t } = useWords();
  const { api, requests } = useDesk();
  const [page, setPage] = useState<Page<Request> | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [changes, setChanges] = useState(0);
  useEffect(
    () =>
      requests.listen(({ contact }) => contact?.id === contactId && setChanges((count) => count + 1), {
        contactId,
        requestIds: [],
      }),
    [requests, contactId],
  );
  const read = (cursor: string | null) =>
    api.get<Page<Request>>("/api/v1/requests", { view: "all", contact_id: contactId, limit: PAGE, cursor });
  // biome-ignore lint/correctness/useExhaustiveDependencies: changes say that it is to be read again
  useEffect(() => {
    let gone = false;
    read(null).then(
      (found) => {
        if (gone) return;
        setPage(found);
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
  }, [api, contactId, changes]);
  const more = async () => {
    if (!page?.next_cursor) return;
    try {
      const next = await read(page.next_cursor);
      setPage({ items: [...page.items, ...next.items], next_cursor: next.next_cursor });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  return (
    <Section title={t("contacts.requests")}>
      {page && page.items.length > 0 && (
        <ul class="contact-requests">
          {page.items.map((request) => (
            <li key={request.id}>
              <Link to={{ contacts: false, requestId: request.id }} class="contact-request">
                <Icon name={request.channel} />
                <span class="contact-request-text">
                  <span class="contact-request-subject">
                    #{request.number} <bdi>{request.subject}</bdi>
                  </span>
                  <span class="hint" dir="auto">
                    {request.preview}
                  </span>
                </span>
                <span class="row-status" title={t(`status.${request.status}`)}>
                  <StatusMark status={request.status} />
                  <span class="hidden">{t(`status.${request.status}`)}</span>
                </span>
                <span class="row-age">
                  <Age at={request.last_activity_at} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <p class="card-hint" role="status">
        {problem && tellProblem(problem, t)}
        {page?.items.length === 0 && t("contacts.requests.none")}
      </p>
      {page?.next_cursor && (
        <button type="button" class="button" onClick={() => void more()}>
          {t("contacts.more")}
        </button>
      )}
    </Section>
  );
}
