import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { focusCustomer } from "../contacts/customer";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import type { Thread } from "../timeline/thread";
import type { Way } from "../timeline/way";
import { type T, tellProblem, useWords } from "../words/words";
import { readAddresses } from "./addresses";
import { EmailFoot, EmailHead } from "./email_fields";
import { emailScope, type Outgoing } from "./emails";
import { StaleDialog } from "./stale_dialog";

const MAC = navigator.userAgent.includes("Mac");

/**
 * Writes to the contact's address, and not again what has left already: the e-mail keeps its id until the server has it.
 * @param chosen whether the agent writes this way now
 * @param onCard opens the request's card, where it is a drawer
 */
export function useEmailWay(thread: Thread, request: Request, chosen: boolean, onCard: () => void): Way {
  const { t, locale } = useWords();
  const { emails } = useDesk();
  const address = request.contact?.email ?? null;
  const lastSaid = thread.lastSaid.value;
  const writable = chosen && address !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address or another last message, another proposal
  useEffect(() => {
    if (writable) void emails.propose(request.id, locale);
  }, [writable, emails, request.id, locale, address, lastSaid]);

  const proposal = emails.proposal(request.id).value;
  const fields = emails.fields(request.id);
  const { busy, problem, newer } = emails.of(request.id).value;
  const prepared = proposal !== null && !(proposal instanceof Problem);
  const { wrong } = readAddresses(fields.cc ?? "");
  const keys = t(MAC ? "composer.emailKeys.mac" : "composer.emailKeys");
  const send = (seen = lastSaid) => void emails.send(request.id, seen, locale);
  return {
    kind: "email",
    scope: writable ? emailScope(request.id) : null,
    placeholder: t("composer.replyTo", { name: request.contact?.name ?? "" }),
    hint: address ? t("composer.byEmail", { email: address, keys }) : "",
    sendLabel: t("composer.send"),
    keys,
    enterSends: false,
    blocked: address ? null : <WithoutAddress request={request} onCard={onCard} />,
    locked: busy || fields.unsure,
    ready: prepared && !busy && wrong.length === 0,
    problem: fields.unsure && !problem ? t("composer.email.unsure") : tellFailure(problem, proposal, t),
    head: prepared && (
      <EmailHead requestId={request.id} proposal={proposal} locked={busy || fields.unsure} wrong={wrong} />
    ),
    foot: prepared && (
      <>
        <EmailFoot requestId={request.id} proposal={proposal} locked={busy || fields.unsure} />
        {newer && (
          <StaleDialog
            request={request}
            newer={newer}
            onSend={() => send(newer.at(-1)?.id ?? lastSaid)}
            onReview={() => {
              emails.review(request.id);
              void thread.reload();
            }}
          />
        )}
      </>
    ),
    send: () => send(),
  };
}

function tellFailure(problem: Outgoing["problem"], proposal: unknown, t: T): string | null {
  if (problem?.passing) return t("composer.email.unsure");
  if (problem) return t("composer.email.failed", { problem: tellProblem(problem, t) });
  if (proposal instanceof Problem)
    return t("composer.email.notPrepared", { problem: tellProblem(proposal, t) });
  return null;
}

interface WithoutAddressProps {
  request: Request;
  onCard: () => void;
}

/** Why nothing can be written by e-mail, and the way to change that. */
function WithoutAddress({ request: { contact }, onCard }: WithoutAddressProps): JSX.Element {
  const { t } = useWords();
  const toCustomer = () => {
    onCard();
    requestAnimationFrame(focusCustomer);
  };
  return (
    <>
      <span>
        {contact ? t("composer.email.noAddress", { name: contact.name }) : t("composer.email.noContact")}
      </span>
      <button type="button" class="button" onClick={toCustomer}>
        {t(contact ? "composer.email.complete" : "composer.email.link")}
      </button>
    </>
  );
}
