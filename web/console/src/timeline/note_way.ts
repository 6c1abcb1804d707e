import type { Request } from "@guichet/shared/protocol";
import { useRef, useState } from "preact/hooks";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import type { Thread } from "./thread";
import type { Way } from "./way";

/** Writes for the other agents; the text stays until it is saved. */
export function useNoteWay(thread: Thread, request: Request): Way {
  const { t } = useWords();
  const { drafts, api } = useDesk();
  /** Made once per note, so that trying again cannot save it twice. */
  const noteId = useRef<string | null>(null);
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const save = async (text: string) => {
    setSaving(true);
    setProblem(null);
    noteId.current ??= crypto.randomUUID();
    try {
      const body = { id: noteId.current, text };
      await api.call({ method: "POST", path: `/api/v1/requests/${request.id}/notes`, body });
      noteId.current = null;
      drafts.set(request.id, { mode: "reply", text: "" });
      void thread.reload();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
    setSaving(false);
  };
  return {
    kind: "note",
    scope: null,
    placeholder: t("composer.noteHint"),
    hint: t("composer.internal"),
    sendLabel: t("composer.saveNote"),
    keys: t("composer.keys"),
    enterSends: true,
    blocked: null,
    locked: saving,
    ready: !saving,
    problem: problem && t("composer.noteFailed", { problem: tellProblem(problem, t) }),
    finishes: false,
    send: (text) => void save(text),
  };
}
