import type { Request } from "@guichet/shared/protocol";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { displayName } from "../requests/request";
import { tellProblem, useWords } from "../words/words";
import type { Mode } from "./drafts";
import type { Thread } from "./thread";
import { useTypingSignal } from "./typing_signal";
import "./composer.css";

/** The longest text that the contract allows. */
const LONGEST = 10_000;

/** Where an agent answers the customer, or writes a note for the other agents. */
export function Composer({ thread, request }: { thread: Thread; request: Request }): JSX.Element {
  const { t } = useWords();
  const { drafts, outbox, api } = useDesk();
  const hintId = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  /** Made once per note, so that trying again cannot save it twice. */
  const noteId = useRef<string | null>(null);
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const conversation = thread.conversation.value;
  const { mode, text } = drafts.of(request.id).value;
  const open = conversation?.state === "open";
  const blocked = mode === "reply" && !open;
  const excess = text.trim().length - LONGEST;
  const ready = text.trim() !== "" && !blocked && excess <= 0 && !saving;
  const typing = useTypingSignal(thread);

  const write = (written: string) => {
    drafts.set(request.id, { mode, text: written });
    if (mode === "reply") typing.wrote(written);
  };
  const choose = (chosen: Mode) => {
    typing.stopped();
    drafts.set(request.id, { mode: chosen, text });
    field.current?.focus();
  };
  useShortcut("reply", () => choose("reply"));
  useShortcut("note", () => choose("note"));

  const send = async () => {
    if (!ready) return;
    if (mode === "reply") {
      outbox.post(text.trim(), { conversation_id: conversation?.id ?? "" });
      typing.stopped();
      drafts.set(request.id, { mode, text: "" });
      return;
    }
    setSaving(true);
    setProblem(null);
    noteId.current ??= crypto.randomUUID();
    try {
      const body = { id: noteId.current, text: text.trim() };
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
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") event.currentTarget.blur();
    // Enter that only ends the composition of a character does not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send();
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the field grows with its text
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on opening the request only; later it stays where it is
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches && open) field.current?.focus();
  }, []);

  const name = displayName(request, t("visitor"));
  return (
    <form
      class="composer"
      data-mode={mode}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <p class="composer-problem" role="alert">
        {problem && t("composer.noteFailed", { problem: tellProblem(problem, t) })}
        {excess > 0 && t("composer.tooLong", { count: excess })}
      </p>
      <div class="composer-box">
        {blocked && (
          <p id={hintId} class="composer-blocked">
            {t(conversation ? "composer.closed" : "composer.noConversation")}
          </p>
        )}
        <textarea
          ref={field}
          rows={1}
          class="composer-field"
          aria-label={t(`composer.${mode}`)}
          aria-describedby={hintId}
          placeholder={mode === "note" ? t("composer.noteHint") : t("composer.replyTo", { name })}
          hidden={blocked && text === ""}
          readOnly={saving}
          value={text}
          onInput={({ currentTarget }) => write(currentTarget.value)}
          onBlur={() => typing.stopped()}
          onKeyDown={onKeyDown}
        />
        <div class="composer-bar">
          {/* biome-ignore lint/a11y/useSemanticElements: two buttons, not fields of the form */}
          <div class="modes" role="group" aria-label={t("composer.mode")}>
            {(["reply", "note"] as const).map((known) => (
              <button
                key={known}
                type="button"
                class="mode"
                aria-pressed={mode === known}
                onClick={() => choose(known)}
              >
                {known === "note" && <Icon name="lock" />}
                {t(`composer.${known}Mode`)}
              </button>
            ))}
          </div>
          <p id={blocked ? undefined : hintId} class="composer-hint grow">
            {!blocked && t(mode === "note" ? "composer.internal" : "composer.byChat")}
          </p>
          <button
            type="submit"
            class="button accent square"
            aria-label={t(mode === "note" ? "composer.saveNote" : "composer.send")}
            title={`${t(mode === "note" ? "composer.saveNote" : "composer.send")} (${t("composer.keys")})`}
            disabled={!ready}
          >
            <Icon name="send" />
          </button>
        </div>
      </div>
    </form>
  );
}
