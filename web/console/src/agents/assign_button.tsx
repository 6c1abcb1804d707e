import type { Agent, Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { Menu } from "../app/menu";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { useWords } from "../words/words";
import { findAgents } from "./agent";
import "./assign_button.css";

/** One click takes the request; a menu gives it to another agent, or lets it go. */
export function AssignButton({ request }: { request: Request }): JSX.Element {
  const { t } = useWords();
  const { agent, edits } = useDesk();
  const { assignee } = request;
  const takeIt = () => void edits.assign(request, agent.id);
  useShortcut("assign", assignee?.id === agent.id ? null : takeIt);
  return (
    <span class="assign">
      {!assignee && (
        <button
          type="button"
          class="button"
          onClick={takeIt}
          title={t("assign.toMe")}
          aria-label={t("assign.toMe")}
        >
          <Icon name="person" />
          <span class="only-wide">{t("assign.toMe")}</span>
        </button>
      )}
      <Menu
        role="dialog"
        label={
          assignee
            ? t("assign.assigned", { name: assignee.name, initials: assignee.initials })
            : t("assign.other")
        }
        buttonClass={assignee ? "button quiet square" : "button square"}
        button={assignee ? <span class="disc">{assignee.initials}</span> : <Icon name="chevron" />}
      >
        {(close) => <AgentPicker request={request} onDone={close} />}
      </Menu>
    </span>
  );
}

function AgentPicker({ request, onDone }: { request: Request; onDone: () => void }): JSX.Element {
  const { t } = useWords();
  const { agent: me, agents, edits } = useDesk();
  const [known, setKnown] = useState<Agent[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [typed, setTyped] = useState("");

  useEffect(() => {
    agents.list().then(setKnown, (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      setFailed(true);
    });
  }, [agents]);

  const found = findAgents(known ?? [], typed, me.id);
  const give = (agent: Agent | undefined) => {
    if (!agent) return;
    onDone();
    if (agent.id !== request.assignee?.id) void edits.assign(request, agent.id, request.assignee !== null);
  };
  const giveFirst = async () => {
    // Who types and presses Enter may be faster than the directory. That it cannot be had is told below.
    const all = known ?? (await agents.list().catch(() => []));
    give(findAgents(all, typed, me.id)[0]);
  };
  return (
    <form
      class="agent-picker"
      onSubmit={(event) => {
        event.preventDefault();
        void giveFirst();
      }}
    >
      <input
        class="field"
        type="search"
        placeholder={t("assign.search")}
        aria-label={t("assign.search")}
        autocomplete="off"
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <div class="agent-list">
        {found.map((agent) => (
          <button key={agent.id} type="button" class="menu-item" onClick={() => give(agent)}>
            <span class="disc" aria-hidden="true">
              {agent.initials}
            </span>
            <span class="grow">{agent.name}</span>
            {agent.id === me.id && <span class="hint">{t("assign.me")}</span>}
            {!agent.available && <span class="hint">{t("assign.away")}</span>}
            {agent.id === request.assignee?.id && <Icon name="check" />}
          </button>
        ))}
        <p class="menu-heading" role="status">
          {failed && t("assign.failed")}
          {known && found.length === 0 && t("assign.nobody")}
        </p>
      </div>
      {request.assignee && (
        <>
          <hr />
          <button
            type="button"
            class="menu-item"
            onClick={() => {
              onDone();
              void edits.release(request);
            }}
          >
            <Icon name="cross" />
            {t("assign.release")}
          </button>
        </>
      )}
    </form>
  );
}
