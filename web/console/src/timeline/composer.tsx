import type { Request } from "@guichet/shared/protocol";
import type { JSX, TargetedClipboardEvent, TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { useDesk } from "../desk";
import { FileButton } from "../files/file_button";
import { PendingList } from "../files/pending_list";
import { useFileDrop } from "../files/use_file_drop";
import { Problem } from "../http/problem";
import { displayName } from "../requests/request";
import { type Placeholder, type Template, unfilled } from "../templates/template";
import { TemplateMenu } from "../templates/template_menu";
import { tellProblem, useWords } from "../words/words";
import { tellBlocked, Unfilled } from "./composer_hints";
import type { Mode } from "./drafts";
import type { Thread } from "./thread";
import { useTypingSignal } from "./typing_signal";
import "./composer.css";

/** The longest text that the contract allows. */
const LONGEST = 10_000;

/** Where an agent answers the customer, or writes a note for the other agents. */
export function Composer({ thread, request }: { thread: Thread; request: Request }): JSX.Element {
  const { t } = useWords();
  const { drafts, outbox, api, uploads, toasts } = useDesk();
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
  /** Where files of this reply belong; a receipt is good for no other place. */
  const scope = `conversation:${conversation?.id}`;
  const files = mode === "reply" && open ? uploads.of(scope).value : [];
  const left = mode === "reply" ? unfilled(text) : [];
  const excess = text.trim().length - LONGEST;
  const written = text.trim() !== "" || files.length > 0;
  const complete = excess <= 0 && left.length === 0 && files.every(({ state }) => state === "ready");
  const ready = written && complete && !blocked && !saving;
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

  const attach = (chosen: File[]) => {
    uploads.add(scope, chosen);
    field.current?.focus();
  };
  const takesFiles = mode === "reply" && open;
  const dropping = useFileDrop(takesFiles ? attach : null);
  const onPaste = (event: TargetedClipboardEvent<HTMLTextAreaElement>) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!takesFiles || pasted.length === 0) return;
    event.preventDefault();
    attach(pasted);
  };

  const select = ({ start, end }: Pick<Placeholder, "start" | "end">) => {
    field.current?.focus();
    field.current?.setSelectionRange(start, end);
  };
  const insert = async (template: Template) => {
    try {
      const path = `/api/v1/templates/${template.id}/render`;
      const rendered = await api.call<{ text: string }>({
        method: "POST",
        path,
        body: { request_id: request.id },
      });
      drafts.add(request.id, rendered.text);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
      return;
    }
    if (takesFiles) for (const file of template.attachments) uploads.copy(scope, file);
    // Once the field holds the text: at the first thing to complete, else at the end.
    requestAnimationFrame(() => {
      const filled = drafts.of(request.id).value.text;
      select(unfilled(filled)[0] ?? { start: filled.length, end: filled.length });
    });
  };

  const send = async () => {
    if (!ready) {
      // Enter on a text that is not complete leads to what is missing.
      if (left[0]) select(left[0]);
      return;
    }
    if (mode === "reply") {
      const taken = uploads.take(scope);
      outbox.post(text.trim(), {
        conversation_id: conversation?.id ?? "",
        ...(taken.length > 0 && {
          receipts: taken.flatMap(({ receipt }) => receipt ?? []),
          attachments: taken.map(({ id, name, media_type, size }) => ({ id, name, media_type, size })),
        }),
      });
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
      data-dropping={dropping}
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
            {tellBlocked(request, t)}
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
          onPaste={onPaste}
          onBlur={() => typing.stopped()}
          onKeyDown={onKeyDown}
        />
        {takesFiles && <PendingList scope={scope} />}
        <Unfilled placeholders={left} onSelect={select} />
        <div class="composer-bar">
          {takesFiles && (
            <span class="composer-tools">
              <TemplateMenu onPick={(template) => void insert(template)} />
              <FileButton label={t("file.attach")} onFiles={attach} />
            </span>
          )}
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
            {!blocked &&
              (dropping ? t("file.drop") : t(mode === "note" ? "composer.internal" : "composer.byChat"))}
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
