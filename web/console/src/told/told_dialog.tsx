import { chime } from "@guichet/shared/chime";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { type Choices, isTime, NIGHT } from "./choices";
import { askPermission, permission } from "./notifications";
import "./told_dialog.css";

type Switch = Exclude<keyof Choices, "silence">;

/** Of what the agent is told, and how. Each choice is kept at once. */
export function ToldDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { t } = useWords();
  const { toldChoices } = useDesk();
  const choices = toldChoices.chosen.value;
  const [allowed, setAllowed] = useState(permission);
  const box = (name: Switch, checked = choices[name], disabled = false) => (
    <label class="told-choice">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={({ currentTarget }) => toldChoices.set({ [name]: currentTarget.checked })}
      />
      {t(`told.${name}`)}
    </label>
  );
  const chooseNotify = async (wanted: boolean) => {
    const answer = wanted ? await askPermission() : allowed;
    setAllowed(answer);
    toldChoices.set({ notify: wanted && answer === "granted" });
  };
  const notifies = choices.notify && allowed === "granted";
  const { silence } = choices;
  return (
    <Dialog title={t("told.title")} onClose={onClose}>
      <fieldset class="told-group">
        <legend>{t("told.of")}</legend>
        {box("mine")}
        {box("unassigned")}
        <p class="card-hint">{t("told.ofHint")}</p>
      </fieldset>
      <fieldset class="told-group">
        <legend>{t("told.how")}</legend>
        <div class="told-line">
          {box("sound")}
          <button type="button" class="button" onClick={() => void chime()}>
            {t("told.listen")}
          </button>
        </div>
        <label class="told-choice">
          <input
            type="checkbox"
            checked={notifies}
            disabled={allowed === "unsupported"}
            aria-describedby="told-notify-hint"
            onChange={({ currentTarget }) => void chooseNotify(currentTarget.checked)}
          />
          {t("told.notify")}
        </label>
        <p class="card-hint" id="told-notify-hint" role="status">
          {(allowed === "denied" || allowed === "unsupported") && t(`told.notify.${allowed}`)}
        </p>
        {box("words", choices.words, !notifies)}
      </fieldset>
      <fieldset class="told-group">
        <legend>{t("told.silence")}</legend>
        <label class="told-choice">
          <input
            type="checkbox"
            checked={silence !== null}
            onChange={({ currentTarget }) =>
              toldChoices.set({ silence: currentTarget.checked ? NIGHT : null })
            }
          />
          {t("told.silence.on")}
        </label>
        {silence && (
          <div class="told-hours">
            {(["from", "until"] as const).map((end) => (
              <label key={end}>
                {t(`told.silence.${end}`)}
                <input
                  class="field"
                  type="time"
                  required
                  value={silence[end]}
                  onChange={({ currentTarget: { value } }) => {
                    if (isTime(value)) toldChoices.set({ silence: { ...silence, [end]: value } });
                  }}
                />
              </label>
            ))}
          </div>
        )}
      </fieldset>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t("app.close")}
        </button>
      </div>
    </Dialog>
  );
}
