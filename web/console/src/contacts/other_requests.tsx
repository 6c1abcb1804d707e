import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon, StatusMark } from "../app/icons";
import { Link } from "../app/link";
import { NO_FILTERS } from "../app/route";
import { Age } from "../app/time";
import { useDesk } from "../desk";
import type { Page } from "../http/pages";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import { Section } from "./card_parts";

const SHOWN = 5;

/** What else the contact asked, newest first; read again when one of these changes, comes or goes. */
export function OtherRequests({ request, contactId }: { request: Request; contactId: string }): JSX.Element {
  const { t } = useWords();
  const { api, requests } = useDesk();
  const [changes, setChanges] = useState(0);
  const [others, setOthers] = useState<Request[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(
    () =>
      requests.listen(
        ({ id, contact }) => {
          if (id === request.id) return;
          const isTheirs = contact?.id === contactId;
          if (isTheirs || others?.some((other) => other.id === id)) setChanges((count) => count + 1);
        },
        { contactId, requestIds: others?.map(({ id }) => id) ?? [] },
      ),
    [requests, contactId, request.id, others],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: changes say that it is to be read again
  useEffect(() => {
    let gone = false;
    const query = { view: "all", contact_id: contactId, limit: SHOWN + 1 };
    api.get<Page<Request>>("/api/v1/requests", query).then(
      ({ items }) => {
        if (gone) return;
        setProblem(null);
        setOthers(items.filter(({ id }) => id !== request.id));
      },
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        if (!gone) setProblem(error);
      },
    );
    return () => {
      gone = true;
    };
  }, [api, contactId, request.id, changes]);
  return (
    <Section title={t("card.others")}>
      {others && others.length > 0 && (
        <ul class="other-requests">
          {others.slice(0, SHOWN).map((other) => (
            <li key={other.id}>
              <Link to={{ requestId: other.id }} class="other-request">
                <Icon name={other.channel} />
                <span class="other-text">
                  #{other.number} {other.subject ?? other.preview}
                </span>
                <span class="row-status" title={t(`status.${other.status}`)}>
                  <StatusMark status={other.status} />
                  <span class="hidden">{t(`status.${other.status}`)}</span>
                </span>
                <span class="row-age">
                  <Age at={other.last_activity_at} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <p class="card-hint" role="status">
        {problem && tellProblem(problem, t)}
        {others?.length === 0 && t("card.others.none")}
      </p>
      {others && others.length > SHOWN && (
        <Link class="button" to={{ ...NO_FILTERS, view: "all", contact_id: contactId, contacts: false }}>
          {t("card.others.all")}
        </Link>
      )}
    </Section>
  );
}
