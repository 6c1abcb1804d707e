import type { Request, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { StatusMark } from "../app/icons";
import { useListBox } from "../app/list_box";
import { useDesk } from "../desk";
import type { Page } from "../http/pages";
import { Problem } from "../http/problem";
import { displayName } from "../requests/request";
import { tellProblem, useWords } from "../words/words";

/** A pause this long (ms) in typing asks the server. */
const PAUSE_MS = 150;
const SHOWN = 8;

interface MoveDialogProps {
  item: TimelineItem;
  requestId: string;
  onClose: () => void;
}

/** Finds the request that an e-mail belongs to; choosing it moves the e-mail there. */
export function MoveDialog({ item, requestId, onClose }: MoveDialogProps): JSX.Element {
  const { t } = useWords();
  const { emailActs } = useDesk();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const { found, problem, searched } = useRequests(typed, requestId);
  const move = async (to: Request | null) => {
    if (busy) return;
    setBusy(true);
    const moved = await emailActs.move(requestId, item, to);
    setBusy(false);
    if (moved) onClose();
  };
  const box = useListBox({ label: t("email.move.found"), items: found, onPick: (to) => void move(to) });
  return (
    <Dialog title={t("email.move.title")} onClose={onClose}>
      <input
        class="field"
        type="text"
        autofocus
        aria-label={t("email.move.search")}
        placeholder={t("email.move.hint")}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        {...box.field}
      />
      <div class="move-options" {...box.list} hidden={found.length === 0}>
        {found.map((request, index) => (
          <div key={request.id} class="option move-option" {...box.option(request, index)}>
            <StatusMark status={request.status} />
            <span>
              <b>
                #{request.number} {displayName(request, t("visitor"))}
              </b>
              <span class="hint">{request.subject ?? request.preview}</span>
            </span>
          </div>
        ))}
      </div>
      <p class="card-hint" role="status">
        {problem && tellProblem(problem, t)}
        {!problem && searched && found.length === 0 && t("email.move.none")}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t("app.cancel")}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => void move(null)}>
          {t("email.makeOwn")}
        </button>
      </div>
    </Dialog>
  );
}

interface Found {
  found: readonly Request[];
  problem: Problem | null;
  /** Whether this is the answer to something typed. */
  searched: boolean;
}

/** Requests by number or words; before anything is typed, those that lived last. */
function useRequests(typed: string, here: string): Found {
  const { api } = useDesk();
  const [answer, setAnswer] = useState<Found>({ found: [], problem: null, searched: false });
  const q = typed.trim();
  useEffect(() => {
    let overtaken = false;
    const timer = setTimeout(async () => {
      const query = { view: "all", q: q || null, limit: SHOWN + 1 };
      let next: Found;
      try {
        const { items } = await api.get<Page<Request>>("/api/v1/requests", query);
        next = {
          found: items.filter(({ id }) => id !== here).slice(0, SHOWN),
          problem: null,
          searched: true,
        };
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
  }, [api, q, here]);
  return answer;
}
