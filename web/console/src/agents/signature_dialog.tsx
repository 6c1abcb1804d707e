import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";

/** As the service has it. */
const LONGEST = 2_000;
const PATH = "/api/v1/agents/me";

/** What ends the agent's own e-mails. */
export function SignatureDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { t } = useWords();
  const { api, toasts } = useDesk();
  /** Null until it was read. */
  const [signature, setSignature] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (action: () => Promise<void>) => {
    setProblem(null);
    setBusy(true);
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
    setBusy(false);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once, and never over what is being written
  useEffect(() => {
    void attempt(async () => setSignature((await api.get<{ signature: string }>(PATH)).signature));
  }, []);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    void attempt(async () => {
      await api.call({ method: "PATCH", path: PATH, body: { signature } });
      toasts.done(t("signature.saved"));
      onClose();
    });
  };
  return (
    <Dialog title={t("signature.title")} onClose={onClose}>
      <form class="contact-form" onSubmit={submit}>
        <label class="form-field">
          {t("signature.text")}
          <textarea
            class="field"
            rows={5}
            maxLength={LONGEST}
            disabled={signature === null}
            value={signature ?? ""}
            placeholder={signature === null ? t("settings.loading") : t("signature.example")}
            onInput={({ currentTarget }) => setSignature(currentTarget.value)}
          />
        </label>
        <p class="card-hint">{t("signature.explain")}</p>
        <p class="form-problem" role="alert">
          {problem && tellProblem(problem, t)}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {t("app.cancel")}
          </button>
          <button type="submit" class="button strong" disabled={busy || signature === null}>
            {t("settings.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
