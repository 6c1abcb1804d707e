import type { JSX } from "preact";
import { Icon, StatusMark } from "../app/icons";
import { Menu } from "../app/menu";
import { useDesk } from "../desk";
import type { Finish } from "../requests/finishing";
import { useWords } from "../words/words";

interface SendButtonProps {
  label: string;
  keys: string;
  disabled: boolean;
  /** Sends, and ends the work on the request so; null where that cannot be. */
  onFinish: ((finish: Finish) => void) | null;
}

const FINISHES: readonly Finish[] = ["pending", "closed"];

/** The arrow, and beside it what can follow the sending. */
export function SendButton({ label, keys, disabled, onFinish }: SendButtonProps): JSX.Element {
  const { t } = useWords();
  const { finishing } = useDesk();
  const movesOn = finishing.movesOn.value;
  return (
    <span class="send">
      <button
        type="submit"
        class="button accent square"
        aria-label={label}
        title={`${label} (${keys})`}
        disabled={disabled}
      >
        <Icon name="send" />
      </button>
      {onFinish && (
        <Menu
          label={t("composer.then")}
          button={<Icon name="chevron" />}
          buttonClass="button accent send-more"
        >
          {(close) => (
            <>
              {FINISHES.map((finish) => (
                <button
                  key={finish}
                  type="button"
                  role="menuitem"
                  class="menu-item"
                  disabled={disabled}
                  onClick={() => {
                    close();
                    onFinish(finish);
                  }}
                >
                  <StatusMark status={finish} />
                  <span class="grow">{t(`composer.then.${finish}`)}</span>
                </button>
              ))}
              <hr />
              <button
                type="button"
                role="menuitemcheckbox"
                aria-checked={movesOn}
                class="menu-item"
                onClick={() => finishing.moveOn(!movesOn)}
              >
                <span class="grow">{t("finish.moveOn")}</span>
                {movesOn && <Icon name="check" />}
              </button>
            </>
          )}
        </Menu>
      )}
    </span>
  );
}
