import type { Agent } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { useWords } from "../words/words";
import { findAgents } from "./agent";

interface AgentSelectProps {
  label: string;
  chosen: string | null;
  onChoose: (agentId: string | null) => void;
}

/** Nobody, oneself, or another agent. */
export function AgentSelect({ label, chosen, onChoose }: AgentSelectProps): JSX.Element {
  const { t } = useWords();
  const { agent: me, agents: directory } = useDesk();
  // Until the directory is read, and where it cannot be, there is oneself.
  const [agents, setAgents] = useState<readonly Agent[]>([me]);
  useEffect(() => {
    directory.list().then(setAgents, (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
  }, [directory]);
  return (
    <label class="form-field">
      {label}
      <select
        class="field"
        value={chosen ?? ""}
        onChange={({ currentTarget }) => onChoose(currentTarget.value || null)}
      >
        <option value="">{t("card.assignee.none")}</option>
        {findAgents(agents, "", me.id).map(({ id, name }) => (
          <option key={id} value={id}>
            {id === me.id ? t("new.me", { name }) : name}
          </option>
        ))}
      </select>
    </label>
  );
}
