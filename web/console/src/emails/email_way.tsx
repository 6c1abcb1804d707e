import { isBlank } from "@guichet/shared/blank";
import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { focusCustomer } from "../contacts/customer";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { displayName } from "../requests/request";
import type { Thread } from "../timeline/thread";
import type { Way } from "../timeline/way";
import { type T, tellProblem, useWords } from "../words/words";
import { readAddresses } from "./addresses";
import { EmailFoot, EmailHead } from "./email_fields";
import { emailScope } from "./emails";
import { StaleDialog } from "./stale_dialog";

const MAC = navigator.userAgent.includes("Mac");

/**
 * Writes to the contact's address, and not again what has left already: the e-mail keeps its id until the server has it.
 * @param chosen whether the agent writes this way now
 * @param onCard opens the request's card, where it is a drawer
 */
export function useEmailWay(thread: Thread, request: Request, chosen: boolean, onCard: () => void): Way {
  const { t, locale } = useWords();
  const { emails, drafts, finishing } = useDesk();
  const lastSaid = thread.lastSaid.value;
  const { contact } = request;
  const fields = emails.fields(request.id);
  const { forwardOf } = fields;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another contact or another last message, another proposal
  useEffect(() => {
    if (chosen) void emails.propose(request.id, locale);
  }, [chosen, emails, request.id, locale, contact?.id, contact?.email, lastSaid, forwardOf]);

  const proposal = emails.proposal(request.id).value;
  const { busy, problem, newer } = emails.of(request.id).value;
  const read = proposal instanceof Problem ? null : proposal;
  const [to, cc, bcc] = [fields.to, fields.cc, fields.bcc].map((typed) => readAddresses(typed ?? ""));
  const chosenTo = typeof fields.to === "string" ? to?.addresses : read?.to && [read.to.email];
  const address = chosenTo?.join(", ") || (read || forwardOf ? undefined : contact?.email);
  const prepared = read?.to || forwardOf ? read : null;
  const locked = busy || fields.unsure;
  const wrong = [to, cc, bcc].flatMap((typed) => typed?.wrong ?? []);
  const keys = t(MAC ? "composer.emailKeys.mac" : "composer.emailKeys");
  const nobody = t(prepared ? "composer.email.toWhom" : "composer.email.preparing");
  const channel = address ? t("composer.byEmail", { email: address }) : nobody;
  const send = (seen = lastSaid) => void emails.send(request.id, seen, locale);
  return {
    kind: "email",
    scope: prepared && emailScope(request.id),
    placeholder: forwardOf
      ? t("composer.email.withIt")
      : t("composer.replyTo", { name: displayName(request, t("visitor")) }),
    hint: busy ? t("state.sending") : channel,
    sendLabel: t("composer.send"),
    keys,
    enterSends: false,
    blocked: read && !read.to && !forwardOf && <WithoutAddress request={request} onCard={onCard} />,
    locked,
    ready:
      prepared !== null &&
      !busy &&
      wrong.length === 0 &&
      Boolean(chosenTo?.length) &&
      (Boolean(forwardOf) || !isBlank(drafts.of(request.id).value.text)),
    problem: (
      <Failure
        requestId={request.id}
        unsure={fields.unsure}
        failure={problem ?? (proposal instanceof Problem ? proposal : null)}
        sending={problem !== null}
      />
    ),
    head: prepared && <EmailHead requestId={request.id} proposal={prepared} locked={locked} wrong={wrong} />,
    foot: prepared && (
      <>
        <EmailFoot requestId={request.id} proposal={prepared} locked={locked} keys={keys} />
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
    finishes: !forwardOf,
    send: (_text, _files, finish) => {
      finishing.afterEmail(request.id, finish);
      send();
    },
  };
}

interface FailureProps {
  requestId: string;
  /** Nobody knows whether the e-mail left. */
  unsure: boolean;
  failure: Problem | null;
  /** Whether it failed while it was sent; else, while it was prepared. */
  sending: boolean;
}

/** What failed, and the way on where there is one. */
function Failure({ requestId, unsure, failure, sending }: FailureProps): JSX.Element | null {
  const { t, locale } = useWords();
  const { emails } = useDesk();
  if (unsure) {
    return (
      <>
        <span>{t("composer.email.unsure")}</span>
        <button type="button" class="button" onClick={() => emails.anew(requestId)}>
          {t("composer.email.anew")}
        </button>
      </>
    );
  }
  if (!failure) return null;
  if (sending) return <span>{tellRefused(failure, t)}</span>;
  return (
    <>
      <span>{t("composer.email.notPrepared", { problem: tellProblem(failure, t) })}</span>
      <button type="button" class="button" onClick={() => void emails.propose(requestId, locale)}>
        {t("app.retry")}
      </button>
    </>
  );
}

function tellRefused(problem: Problem, t: T): string {
  const names = (field: string) => problem.errors.some((error) => error.field.startsWith(field));
  if (names("receipts")) return t("composer.email.receipts");
  const why = ["to", "cc", "bcc"].some(names) ? t("composer.email.ccRefused") : tellProblem(problem, t);
  return t("composer.email.failed", { problem: why });
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
