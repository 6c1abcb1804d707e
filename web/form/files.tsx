import { formatSize, refusalOf } from "@guichet/shared/file_texts";
import type { Locale } from "@guichet/shared/i18n";
import { MOST, PASSING, type Tray, type TrayFile } from "@guichet/shared/tray";
import type { Words } from "./words";

interface Shown {
  tray: Tray;
  locale: Locale;
  t: Words;
}

/** The files that go with the form: each with how far it is, and what can be done about it. */
export function FilesView({ tray, locale, t }: Shown) {
  return (
    <div class="field files">
      <label class="attach">
        <input
          type="file"
          multiple
          onChange={({ currentTarget }) => {
            tray.add([...(currentTarget.files ?? [])]);
            // The same file can be chosen again after it was removed.
            currentTarget.value = "";
          }}
        />
        {t("attach")} <span class="optional">({t("optional")})</span>
      </label>
      {tray.files.length > 0 && (
        <ul aria-label={t("tray")}>
          {tray.files.map((file) => (
            <Line key={file.id} file={file} tray={tray} locale={locale} t={t} />
          ))}
        </ul>
      )}
      {/* The region is there before its words, so that a screen reader speaks them. */}
      <div role="status" class="hint">
        {tray.awaited ? t("awaited") : tray.tooMany && t("tooMany", { count: MOST })}
      </div>
    </div>
  );
}

function Line({ file, tray, locale, t }: Shown & { file: TrayFile }) {
  const { id, name, size, state, progress, code = "" } = file;
  const done = state === "sending" && progress < 1 ? Math.round(progress * 100) : null;
  return (
    <li>
      <span class="name">{name}</span>
      <span class="size">{formatSize(locale, size)}</span>
      <button type="button" onClick={() => tray.remove(id)}>
        {t(state === "sending" ? "stop" : "take")}
        <span class="hidden"> {name}</span>
      </button>
      {done !== null && <progress max={100} value={done} aria-label={t("progress", { name })} />}
      <span role="status" class={state === "refused" ? "wrong" : "hint"}>
        {state === "refused" ? t(refusalOf(code)) : done === null ? t(state) : t("percent", { done })}
      </span>
      {state === "refused" && PASSING.has(code) && (
        <button type="button" onClick={() => tray.retry(id)}>
          {t("retry")}
          <span class="hidden"> {name}</span>
        </button>
      )}
    </li>
  );
}
