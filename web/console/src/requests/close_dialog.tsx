import type { Request } from "@guichet/shared/protocol";
import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { StatusMark } from "../app/icons";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { SETTABLE_STATUSES } from "./request";

const EXPLANATIONS = {
  in_progress: "close.in_progress",
  pending: "close.pending",
  closed: "close.closedStatus",
} as const;

interface CloseDialogProps {
  request: Request;
  conversationId: string;
  onClose: () => void;
}

export function CloseDialog({ request, conversationId, onClose }: CloseDialogProps): JSX.Element {
  const { t } = useWords();
  const { edits, finishing } = useDesk();
  const [status, setStatus] = useState<(typeof SETTABLE_STATUSES)[number]>("closed");
  const [transcript, setTranscript] = useState(false);
  const [busy, setBusy] = useState(false);
  const address = request.contact?.email ?? request.visitor?.email;

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    const closed = await finishing.closeConversation(request, conversationId, status);
    if (closed && transcript) await edits.sendTranscript(conversationId);
    setBusy(false);
    if (closed) onClose();
  };

  return (
    <Dialog title={t("close.action")} onClose={onClose}>
      <form class="close-form" onSubmit={submit}>
        <p>{t("close.explain")}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a group of radios is both */}
        <fieldset class="choices" role="radiogroup">
          <legend>{t("close.status")}</legend>
          {SETTABLE_STATUSES.map((known) => (
            <label key={known} class="choice">
              <input
                type="radio"
                name="status"
                checked={known === status}
                autofocus={known === status}
                onChange={() => setStatus(known)}
                aria-describedby={`close-${known}`}
                aria-label={t(`status.${known}`)}
              />
              <StatusMark status={known} />
              <span>
                <b>{t(`status.${known}`)}</b>
                <span id={`close-${known}`}>{t(EXPLANATIONS[known])}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {address && (
          <label class="choice">
            <input
              type="checkbox"
              checked={transcript}
              onChange={({ currentTarget }) => setTranscript(currentTarget.checked)}
              aria-describedby="close-transcript"
              aria-label={t("close.transcript")}
            />
            <span>
              <b>{t("close.transcript")}</b>
              <span id="close-transcript">{t("close.transcript.to", { email: address })}</span>
            </span>
          </label>
        )}
        <label class="choice">
          <input
            type="checkbox"
            checked={finishing.movesOn.value}
            onChange={({ currentTarget }) => finishing.moveOn(currentTarget.checked)}
          />
          {t("finish.moveOn")}
        </label>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {t("app.cancel")}
          </button>
          <button type="submit" class="button strong" disabled={busy}>
            {busy ? t("close.closing") : t("close.action")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
