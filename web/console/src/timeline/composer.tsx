import { isBlank } from "@guichet/shared/blank";
import type { Request } from "@guichet/shared/protocol";
import type { JSX, TargetedClipboardEvent, TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useShortcut } from "../app/keys";
import { useDesk } from "../desk";
import { useEmailWay } from "../emails/email_way";
import { FileButton } from "../files/file_button";
import { PendingList } from "../files/pending_list";
import { useFileDrop } from "../files/use_file_drop";
import { Problem } from "../http/problem";
import type { Finish } from "../requests/finishing";
import { type Placeholder, type Template, unfilled } from "../templates/template";
import { TemplateMenu } from "../templates/template_menu";
import { tellProblem, useWords } from "../words/words";
import { useChatWay } from "./chat_way";
import type { Mode } from "./drafts";
import { Modes } from "./modes";
import { useNoteWay } from "./note_way";
import { SendButton } from "./send_button";
import type { Thread } from "./thread";
import { Unfilled } from "./unfilled";
import type { Way } from "./way";
import "./composer.css";

/** The longest text that the contract allows. */
const LONGEST = 10_000;

interface ComposerProps {
  thread: Thread;
  request: Request;
  /** Opens the request's card, where it is a drawer. */
  onCard: () => void;
}

/** Where an agent answers the customer, or writes a note for the other agents. */
export function Composer({ thread, request, onCard }: ComposerProps): JSX.Element {
  const { t } = useWords();
  const { drafts, uploads } = useDesk();
  const hintId = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  /** What the agent has begun to write: a letter takes its room from then on. */
  const [begun, setBegun] = useState<Way["kind"] | null>(null);
  const open = thread.conversation.value?.state === "open";
  const { mode, text, email, asWritten } = drafts.of(request.id).value;
  const kindOf = (mode: Mode) => (mode === "reply" ? (open ? "chat" : "email") : mode);
  // An e-mail that may have left already, or hands another one on, is settled before anything else is written.
  const kind = email?.unsure || email?.forwardOf ? "email" : kindOf(mode);
  const ways: Record<Way["kind"], Way> = {
    chat: useChatWay(thread, request),
    email: useEmailWay(thread, request, kind === "email", onCard),
    note: useNoteWay(thread, request),
  };
  const way = ways[kind];
  const { scope } = way;
  const blocked = Boolean(way.blocked);

  const files = scope ? uploads.of(scope).value : [];
  const left = kind === "note" || asWritten ? [] : unfilled(text);
  const excess = text.trim().length - LONGEST;
  const written = !isBlank(text) || files.length > 0;
  const complete = excess <= 0 && left.length === 0 && files.every(({ state }) => state === "ready");
  // What is handed on needs no words of one's own.
  const ready = (written || email?.forwardOf !== undefined) && complete && !blocked && way.ready;

  const choose = (chosen: Mode) => {
    if (way.locked) return;
    way.left?.();
    drafts.set(request.id, { mode: chosen });
    setBegun(kindOf(chosen));
    field.current?.focus();
  };
  useShortcut("reply", () => choose("reply"));
  useShortcut("note", () => choose("note"));

  const attach = (chosen: File[]) => {
    if (scope) uploads.add(scope, chosen);
    field.current?.focus();
  };
  const takesFiles = scope !== null && !way.locked;
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
  const insert = useTemplate(request, (filled, template) => {
    if (scope) for (const file of template.attachments) uploads.copy(scope, file);
    // Once the field holds the text: at the first thing to complete, else at the end.
    requestAnimationFrame(() => select(unfilled(filled)[0] ?? { start: filled.length, end: filled.length }));
  });

  const send = (finish: Finish | null = null) => {
    if (ready) way.send(text.trim(), files, finish);
    // Sending a text that is not complete leads to what is missing.
    else if (left[0]) select(left[0]);
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") event.currentTarget.blur();
    // Enter that only ends the composition of a character does not send.
    if (event.key !== "Enter" || event.isComposing) return;
    const meant = event.ctrlKey || event.metaKey || (way.enterSends && !event.shiftKey);
    if (!meant) return;
    event.preventDefault();
    send();
  };

  // An e-mail that is handed on has no recipient yet: its fields are there at once.
  const wide = begun === kind || written || way.locked || email?.forwardOf !== undefined;
  useGrowing(field, `${kind} ${wide} ${text}`);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on opening the request only; later it stays where it is
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches && open) field.current?.focus();
  }, []);

  return (
    <form
      class="composer"
      data-kind={kind}
      data-wide={wide}
      data-dropping={dropping}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-problem" role="alert">
        {way.problem}
        {excess > 0 && t("composer.tooLong", { count: excess })}
      </div>
      <div class="composer-box">
        {blocked && (
          <div id={hintId} class="composer-blocked">
            {way.blocked}
          </div>
        )}
        {wide && way.head}
        <textarea
          ref={field}
          rows={1}
          class="composer-field"
          aria-label={t(kind === "note" ? "composer.note" : "composer.reply")}
          aria-describedby={hintId}
          dir="auto"
          placeholder={way.placeholder}
          hidden={blocked && text === ""}
          readOnly={way.locked}
          value={text}
          onInput={({ currentTarget }) => {
            drafts.set(request.id, { text: currentTarget.value });
            way.wrote?.(currentTarget.value);
          }}
          onPaste={onPaste}
          onFocus={() => setBegun(kind)}
          onBlur={() => way.left?.()}
          onKeyDown={onKeyDown}
        />
        {wide && way.foot}
        {scope && <PendingList scope={scope} />}
        <Unfilled
          placeholders={left}
          onSelect={select}
          onKeep={() => {
            drafts.set(request.id, { asWritten: true });
            field.current?.focus();
          }}
        />
        <div class="composer-bar">
          {takesFiles && (
            <span class="composer-tools">
              <TemplateMenu onPick={(template) => void insert(template)} />
              <FileButton label={t("file.attach")} onFiles={attach} />
            </span>
          )}
          <Modes open={open} kind={kind} locked={way.locked} onChoose={choose} />
          <p id={blocked ? undefined : hintId} class="composer-hint grow" title={way.hint}>
            {!blocked && (dropping ? t("file.drop") : way.hint)}
          </p>
          <SendButton
            label={way.sendLabel}
            keys={way.keys}
            disabled={!ready}
            onFinish={way.finishes ? send : null}
          />
        </div>
      </div>
    </form>
  );
}

/** Puts a template, filled by the server, below what is written; `onFilled` gets the whole text. */
function useTemplate(request: Request, onFilled: (text: string, template: Template) => void) {
  const { t } = useWords();
  const { api, drafts, toasts } = useDesk();
  return async (template: Template) => {
    const path = `/api/v1/templates/${template.id}/render`;
    const body = { request_id: request.id };
    try {
      const rendered = await api.call<{ text: string }>({ method: "POST", path, body });
      drafts.add(request.id, rendered.text);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
      return;
    }
    onFilled(drafts.of(request.id).value.text, template);
  };
}

/** The field grows with its content, up to what its style allows. */
function useGrowing(field: { current: HTMLTextAreaElement | null }, content: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the content is what it grows with
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, content]);
}
