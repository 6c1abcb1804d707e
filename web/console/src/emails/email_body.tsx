import type { Email, ItemFile, TimelineItem } from "@guichet/shared/protocol";
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { LinkedText } from "../timeline/linked_text";
import { useWords } from "../words/words";
import { EmailFrame } from "./email_frame";
import { countRemote } from "./email_html";
import { useInlineImages } from "./use_inline_images";

interface EmailBodyProps {
  item: TimelineItem;
  email: Email;
  /** The files that the HTML shows. */
  inline: readonly ItemFile[];
}

/** What is new in an e-mail; its signature and what it quotes are folded, never dropped. */
export function EmailBody({ item, email, inline }: EmailBodyProps): JSX.Element {
  const { t } = useWords();
  const [withRemote, setWithRemote] = useState(false);
  const addresses = useInlineImages(inline);
  const { text, html } = item;
  const { text_signature: signature, text_quoted, html_quoted } = email;
  const name = item.author.name || email.from?.email || t("timeline.system");
  const remote = countRemote(`${html ?? ""}${html_quoted}`);
  const frame = { inline: addresses, withRemote };
  return (
    <div class="email-body">
      {html ? (
        <EmailFrame html={html} title={t("email.body", { name })} {...frame} />
      ) : (
        text && <LinkedText text={text} />
      )}
      {!html && !text && item.attachments.length === 0 && email.purpose !== "forward" && (
        <p class="faint-text">{t("email.noText")}</p>
      )}
      {remote > 0 && !withRemote && (
        <p class="email-remote">
          <span>{t("email.images.off", { count: remote })}</span>
          <button type="button" class="button" onClick={() => setWithRemote(true)}>
            {t("email.images", { count: remote })}
          </button>
        </p>
      )}
      {/* The HTML has its signature in it. */}
      {!html && signature && (
        <Folded title={t("email.signature")}>
          <LinkedText text={signature} />
        </Folded>
      )}
      {(html_quoted || text_quoted) && (
        // What somebody handed on is what they mean, more than their own words.
        <Folded title={t("email.quoted")} opened={Boolean(email.forwarded_from)}>
          {html_quoted ? (
            <EmailFrame html={html_quoted} title={t("email.quotedBody", { name })} {...frame} />
          ) : (
            <LinkedText text={text_quoted} />
          )}
        </Folded>
      )}
    </div>
  );
}

interface FoldedProps {
  title: string;
  opened?: boolean;
  children: ComponentChildren;
}

/** Shut until it is asked for, unless `opened`; what is inside is drawn from then on only. */
function Folded({ title, opened = false, children }: FoldedProps): JSX.Element {
  const [open, setOpen] = useState(opened);
  return (
    <details class="folded" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{title}</summary>
      {open && children}
    </details>
  );
}
