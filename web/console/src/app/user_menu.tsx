import { LOCALES, type Locale } from "@guichet/shared/i18n";
import type { JSX } from "preact";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { QuarantineBadge } from "../quarantine/quarantine_badge";
import { settingsFor } from "../settings/pages";
import { tellProblem, useWords } from "../words/words";
import { Icon } from "./icons";
import { Menu } from "./menu";
import { type Appearance, THEMES, type Theme } from "./theme";

/** Languages are named in themselves, so that who does not read the present one finds theirs. */
export const LANGUAGE_NAMES: Record<Locale, string> = { fr: "Français", en: "English" };

interface UserMenuProps {
  appearance: Appearance;
  onAccount: () => void;
  onSignature: () => void;
  onTold: () => void;
  onHelp: () => void;
}

export function UserMenu({ appearance, onAccount, onSignature, onTold, onHelp }: UserMenuProps): JSX.Element {
  const { t, locale, words } = useWords();
  const { agent, quarantine, router, session, toasts } = useDesk();
  const label = t("app.menu", { name: agent.name, initials: agent.initials });
  const signOut = () =>
    session.signOut().catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(t("session.stillIn", { problem: tellProblem(error, t) }));
    });
  return (
    <Menu
      label={quarantine.count > 0 ? `${label}, ${t("quarantine.count", { count: quarantine.count })}` : label}
      button={
        <span class="disc" data-calls={quarantine.count > 0}>
          {agent.initials}
        </span>
      }
      buttonClass="button quiet square"
    >
      {(close) => (
        <>
          <div class="menu-heading">
            {agent.name}
            <br />
            {agent.email}
          </div>
          <hr />
          <Choice<Theme>
            heading={t("app.theme")}
            options={THEMES.map((theme) => [theme, t(`app.theme.${theme}`)])}
            chosen={appearance.theme.value}
            onChoose={(theme) => appearance.choose(theme)}
          />
          <hr />
          <Choice<Locale>
            heading={t("app.language")}
            options={LOCALES.map((known) => [known, LANGUAGE_NAMES[known]])}
            chosen={locale}
            onChoose={(chosen) => words.choose(chosen)}
          />
          <hr />
          {settingsFor(agent).map((page) => (
            <button
              key={page}
              type="button"
              role="menuitem"
              class="menu-item"
              onClick={() => {
                close();
                router.go({ settings: page });
              }}
            >
              <span class="grow">{t(`settings.${page}`)}</span>
              {page === "quarantine" && <QuarantineBadge />}
            </button>
          ))}
          <button
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              close();
              onAccount();
            }}
          >
            {t("account.title")}
          </button>
          <button
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              close();
              onSignature();
            }}
          >
            {t("signature.title")}
          </button>
          <button
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              close();
              onTold();
            }}
          >
            {t("told.title")}
          </button>
          <button
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              close();
              onHelp();
            }}
          >
            <span class="grow">{t("app.shortcuts")}</span>
            <kbd>?</kbd>
          </button>
          <button
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              close();
              void signOut();
            }}
          >
            {t("app.signOut")}
          </button>
        </>
      )}
    </Menu>
  );
}

interface ChoiceProps<V> {
  heading: string;
  options: [V, string][];
  chosen: V;
  onChoose: (value: V) => void;
}

function Choice<V extends string>({ heading, options, chosen, onChoose }: ChoiceProps<V>): JSX.Element {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group inside a menu has no element of its own
    <div role="group" aria-label={heading}>
      <div class="menu-heading" aria-hidden="true">
        {heading}
      </div>
      {options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          role="menuitemradio"
          aria-checked={value === chosen}
          class="menu-item"
          onClick={() => onChoose(value)}
        >
          <span class="grow">{text}</span>
          {value === chosen && <Icon name="check" />}
        </button>
      ))}
    </div>
  );
}
