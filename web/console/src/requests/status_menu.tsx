import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Icon, StatusMark } from "../app/icons";
import { Menu } from "../app/menu";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { SETTABLE_STATUSES } from "./request";

export function StatusMenu({ request }: { request: Request }): JSX.Element {
  const { t } = useWords();
  const { edits } = useDesk();
  const name = t(`status.${request.status}`);
  return (
    <Menu
      label={t("request.status", { status: name })}
      button={
        <>
          <StatusMark status={request.status} />
          <span class="only-wide">{name}</span>
        </>
      }
    >
      {(close) =>
        SETTABLE_STATUSES.map((status) => (
          <button
            key={status}
            type="button"
            role="menuitemradio"
            aria-checked={status === request.status}
            class="menu-item"
            onClick={() => {
              close();
              void edits.set(request, "status", status);
            }}
          >
            <StatusMark status={status} />
            <span class="grow">{t(`status.${status}`)}</span>
            {status === request.status && <Icon name="check" />}
          </button>
        ))
      }
    </Menu>
  );
}
