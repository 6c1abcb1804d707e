import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useDesk } from "../desk";
import type { Catalogue, Kept } from "../http/catalogue";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import { ItemButton } from "./item_button";

interface KeptListProps<Item extends Kept> {
  catalogue: Catalogue<Item>;
  /** What an item is called. */
  name: (item: Item) => string;
  /** What else is said of it. */
  about: (item: Item) => ComponentChildren;
  empty: string;
  add: string;
  /** Null for a new one. */
  form: (item: Item | null, close: () => void) => JSX.Element;
}

/** A list that administrators keep: add, change, put in order, delete. */
export function KeptList<Item extends Kept>({
  catalogue,
  name,
  about,
  empty,
  add,
  form,
}: KeptListProps<Item>): JSX.Element {
  const { t } = useWords();
  const { asker, toasts } = useDesk();
  const [edited, setEdited] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    void catalogue.load();
  }, [catalogue]);

  const items = catalogue.items.value;
  const list = useRef<HTMLDivElement>(null);
  const close = () => {
    // The form goes away with the focus: it returns to the button that opened the form.
    const opener = `[data-opens="${CSS.escape(edited ?? NEW)}"]`;
    setEdited(null);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(opener)?.focus());
  };
  const attempt = async (action: () => Promise<void>) => {
    setBusy(true);
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
      // Most likely somebody else changed the list.
      await catalogue.load();
    }
    setBusy(false);
  };
  const remove = async (item: Item) => {
    const sure = await asker.ask({
      title: t("settings.delete.title"),
      text: t("settings.delete.ask", { name: name(item) }),
      yes: t("settings.delete.yes"),
      no: t("app.cancel"),
    });
    if (!sure) return;
    await attempt(async () => {
      await catalogue.remove(item);
      toasts.done(t("settings.deleted", { name: name(item) }));
    });
  };
  return (
    <div class="kept-frame" ref={list}>
      <p class="settings-state" role="status">
        {items === null && t(catalogue.problem.value ? "settings.failed" : "settings.loading")}
        {items?.length === 0 && empty}
      </p>
      {items && items.length > 0 && (
        <ul class="kept-list">
          {items.map((item, index) => (
            <li key={item.id}>
              {edited === item.id ? (
                form(item, close)
              ) : (
                <div class="kept">
                  <div class="kept-text">
                    <b>{name(item)}</b>
                    {about(item)}
                  </div>
                  <ItemButton
                    icon="up"
                    label={t("settings.up", { name: name(item) })}
                    disabled={busy || index === 0}
                    onClick={() => void attempt(() => catalogue.move(item, -1))}
                  />
                  <ItemButton
                    icon="down"
                    label={t("settings.down", { name: name(item) })}
                    disabled={busy || index === items.length - 1}
                    onClick={() => void attempt(() => catalogue.move(item, 1))}
                  />
                  <ItemButton
                    icon="manual"
                    label={t("settings.edit", { name: name(item) })}
                    opens={item.id}
                    disabled={busy}
                    onClick={() => setEdited(item.id)}
                  />
                  <ItemButton
                    icon="bin"
                    label={t("settings.delete", { name: name(item) })}
                    disabled={busy}
                    onClick={() => void remove(item)}
                  />
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {edited === NEW && form(null, close)}
      {edited === null && (
        <button
          type="button"
          class="button accent settings-add"
          data-opens={NEW}
          onClick={() => setEdited(NEW)}
        >
          <Icon name="plus" />
          {add}
        </button>
      )}
    </div>
  );
}

/** No item has this id. */
const NEW = "";
