import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AccountDialog } from "../agents/account_dialog";
import { SignatureDialog } from "../agents/signature_dialog";
import { ContactsPlace } from "../contacts/contacts_place";
import { RequestCard } from "../contacts/request_card";
import { useDesk } from "../desk";
import { ListPane } from "../requests/list_pane";
import { NewRequestDialog } from "../requests/new_request_dialog";
import { heading } from "../requests/request";
import { SettingsPage } from "../settings/settings_page";
import { ThreadPane } from "../timeline/thread_pane";
import { ToldDialog } from "../told/told_dialog";
import { useToldTab } from "../told/use_told_tab";
import { useWords } from "../words/words";
import { Help } from "./help";
import { useShortcut } from "./keys";
import { NARROW, useMedia } from "./media";
import { QuestionDialog } from "./question";
import { Rail } from "./rail";
import type { Appearance } from "./theme";
import { ToastList } from "./toast_list";
import { UserMenu } from "./user_menu";
import "./shell.css";

/** The three panes, and what floats above them. */
export function Shell({ appearance }: { appearance: Appearance }): JSX.Element {
  const { t } = useWords();
  const desk = useDesk();
  const [listShown, setListShown] = useState(true);
  const [cardShown, setCardShown] = useState(false);
  const [help, setHelp] = useState(false);
  const [account, setAccount] = useState(false);
  const [signing, setSigning] = useState(false);
  const [telling, setTelling] = useState(false);
  const [creating, setCreating] = useState(false);
  const narrow = useMedia(NARROW);
  useShortcut("help", () => setHelp(true));
  useShortcut("create", () => setCreating(true));

  const { settings, contacts } = desk.router.route.value;
  const menu = (
    <UserMenu
      appearance={appearance}
      onAccount={() => setAccount(true)}
      onSignature={() => setSigning(true)}
      onTold={() => setTelling(true)}
      onHelp={() => setHelp(true)}
    />
  );
  const thread = desk.thread.value;
  const request = thread?.request.value;
  const title = settings
    ? `${t(`settings.${settings}`)} · ${t("app.name")}`
    : contacts
      ? `${t("places.contacts")} · ${t("app.name")}`
      : request
        ? `#${request.number} ${heading(request, t("visitor"))} · ${t("app.name")}`
        : t("app.name");
  useToldTab(title, desk.told.count.value);
  const away = desk.connection.value === "waiting" || desk.connection.value === "closed";
  return (
    <div class="desk">
      <Rail />
      <div class="shell" data-pane={thread ? "thread" : "list"} data-list={listShown} data-card={cardShown}>
        <p class="connection" role="status" hidden={!away}>
          {away && t("app.reconnecting")}
        </p>
        {settings ? (
          <SettingsPage page={settings} menu={menu} />
        ) : contacts ? (
          <ContactsPlace menu={menu} />
        ) : (
          <>
            <ListPane
              menu={menu}
              alone={narrow && !thread}
              onCreate={() => setCreating(true)}
              onCollapse={() => setListShown(false)}
            />
            <ThreadPane
              key={thread?.requestId}
              thread={thread}
              listShown={listShown}
              onExpandList={() => setListShown(true)}
              onCard={() => setCardShown(!cardShown)}
              onOpenCard={() => setCardShown(true)}
            />
            {thread && !thread.problem.value && (
              <RequestCard thread={thread} onClose={() => setCardShown(false)} />
            )}
          </>
        )}
        {creating && <NewRequestDialog onClose={() => setCreating(false)} />}
        {account && <AccountDialog onClose={() => setAccount(false)} />}
        {signing && <SignatureDialog onClose={() => setSigning(false)} />}
        {telling && <ToldDialog onClose={() => setTelling(false)} />}
        <QuestionDialog />
        {help && <Help onClose={() => setHelp(false)} />}
        <ToastList />
      </div>
    </div>
  );
}
