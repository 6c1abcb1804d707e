import type { T } from "../words/words";
import { ACTIONS } from "./audit";

/** What was done, in words; what this console does not know yet, as the service names it. */
export function tellAction(action: string, t: T): string {
  const known = ACTIONS.find((candidate) => candidate === action);
  return known ? t(`audit.action.${known}`) : action;
}

const ROLES = ["agent", "supervisor", "admin"] as const;
const HOW = ["password", "second_factor", "link"] as const;
const WHY = ["wrong", "too_many", "link"] as const;
const CHANGE = " → ";

/** How it was done. */
export function tellDetail(detail: Readonly<Record<string, string>>, t: T): string {
  return Object.entries(detail)
    .map(([name, text]) => tellOne(name, text, t))
    .join(", ");
}

function tellOne(name: string, text: string, t: T): string {
  switch (name) {
    case "name":
      return t("audit.detail.name", { name: text });
    case "role":
      return t("audit.detail.role", {
        role: text
          .split(CHANGE)
          .map((role) => tellRole(role, t))
          .join(CHANGE),
      });
    case "active":
      return t(text.endsWith("true") ? "audit.detail.activated" : "audit.detail.deactivated");
    case "how":
      return tellWord(HOW, text, (word) => t(`audit.how.${word}`));
    case "why":
      return tellWord(WHY, text, (word) => t(`audit.why.${word}`));
    case "which":
      return t(text === "others" ? "audit.which.others" : "audit.which.another");
    default:
      // Fields and counts, as the service names them.
      return `${name.replaceAll("_", " ")} : ${text}`;
  }
}

function tellRole(role: string, t: T): string {
  return tellWord(ROLES, role, (word) => t(`audit.role.${word}`));
}

function tellWord<W extends string>(known: readonly W[], text: string, tell: (word: W) => string): string {
  const word = known.find((candidate) => candidate === text);
  return word ? tell(word) : text;
}
