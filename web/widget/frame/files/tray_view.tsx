import { MOST, PASSING, type Tray, type TrayFile } from "@guichet/shared/tray";
import { CloseIcon } from "../icons";
import { FileIcon } from "./file_icon";
import { formatSize, t, tellRefusal } from "./texts";

/** Above the composer: each file with how far it is, and what can be done about it. */
export function TrayView({ tray }: { tray: Tray }) {
  return (
    <div class="tray">
      {tray.files.length > 0 && (
        <ul aria-label={t("tray")}>
          {tray.files.map((file) => (
            <Line key={file.id} file={file} tray={tray} />
          ))}
        </ul>
      )}
      {/* The region is there before its words, so that a screen reader speaks them. */}
      <div role="status" class="awaited">
        {tray.awaited ? t("awaited") : tray.tooMany && t("tooMany", { count: MOST })}
      </div>
    </div>
  );
}

function Line({ file, tray }: { file: TrayFile; tray: Tray }) {
  const { id, name, state, progress, code = "" } = file;
  const done = state === "sending" && progress < 1 ? Math.round(progress * 100) : null;
  return (
    <li class={state}>
      <FileIcon />
      <span class="name" title={name}>
        {name}
      </span>
      <span class="size">{formatSize(file.size)}</span>
      <button
        type="button"
        class="icon"
        aria-label={t(state === "sending" ? "cancel" : "remove", { name })}
        title={t(state === "sending" ? "cancel" : "remove", { name })}
        onClick={() => tray.remove(id)}
      >
        <CloseIcon />
      </button>
      {done !== null && <progress max={100} value={done} aria-label={t("progress", { name })} />}
      <span class="told" role="status">
        {state === "refused" ? tellRefusal(code) : done === null ? t(state) : t("percent", { done })}
        {state === "refused" && PASSING.has(code) && (
          <button type="button" class="link" onClick={() => tray.retry(id)}>
            {t("retry")}
          </button>
        )}
      </span>
    </li>
  );
}
