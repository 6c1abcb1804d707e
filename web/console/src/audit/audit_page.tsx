import type { Agent } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Moment } from "../app/time";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { type T, tellProblem, useWords } from "../words/words";
import { type AuditEntry, type AuditFilter, AuditTrail, EVERYTHING, KINDS } from "./audit";
import { tellAction, tellDetail } from "./audit_text";
import "./audit_page.css";

/** Who did what, when and from where; for administrators. */
export function AuditPage(): JSX.Element {
  const { t } = useWords();
  const { api } = useDesk();
  const trail = useMemo(() => new AuditTrail(api), [api]);
  const [filter, setFilter] = useState(EVERYTHING);
  useEffect(() => void trail.load(filter), [trail, filter]);
  const entries = trail.entries.value;
  const problem = trail.problem.value;
  return (
    <>
      <p>{t("audit.explain")}</p>
      <Filters filter={filter} onChange={setFilter} />
      <p class="settings-state" role="status">
        {entries === null && !problem && t("settings.loading")}
        {entries?.length === 0 && !problem && t("audit.empty")}
      </p>
      {problem && (
        <p class="form-problem" role="alert">
          {t("settings.failed")} {tellProblem(problem, t)}{" "}
          <button type="button" class="button" onClick={() => void trail.load()}>
            {t("app.retry")}
          </button>
        </p>
      )}
      {entries && entries.length > 0 && (
        <ul class="kept-list audit-list" aria-label={t("settings.audit")}>
          {entries.map((entry) => (
            <li key={entry.id}>
              <Line entry={entry} />
            </li>
          ))}
        </ul>
      )}
      {trail.more && (
        <button
          type="button"
          class="button"
          disabled={trail.loading.value}
          onClick={() => void trail.loadMore()}
        >
          {t("quarantine.more")}
        </button>
      )}
    </>
  );
}

function Line({ entry }: { entry: AuditEntry }): JSX.Element {
  const { t } = useWords();
  const detail = tellDetail(entry.detail, t);
  return (
    <article class="audit-line">
      <b>{tellAction(entry.action, t)}</b>
      {detail && <span dir="auto">{detail}</span>}
      <span class="kept-about">
        {tellActor(entry, t)} · <Moment at={entry.at} />
        {entry.address && (
          <>
            {" · "}
            <bdi>{entry.address}</bdi>
          </>
        )}
        {entry.subject_id && (
          <>
            {" · "}
            <code>{entry.subject_id}</code>
          </>
        )}
      </span>
    </article>
  );
}

function tellActor({ actor }: AuditEntry, t: T): string {
  return actor.kind === "agent" ? (actor.name ?? actor.id ?? "") : t(`audit.actor.${actor.kind}`);
}

interface FiltersProps {
  filter: AuditFilter;
  onChange: (filter: AuditFilter) => void;
}

function Filters({ filter, onChange }: FiltersProps): JSX.Element {
  const { t } = useWords();
  const { agents: directory } = useDesk();
  const [agents, setAgents] = useState<readonly Agent[]>([]);
  useEffect(() => {
    directory.list().then(setAgents, (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
  }, [directory]);
  const day = (name: "from" | "until") => (
    <label class="form-field">
      {t(`audit.${name}`)}
      <input
        class="field"
        type="date"
        value={filter[name]}
        onChange={({ currentTarget }) => onChange({ ...filter, [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <search class="audit-filters">
      <label class="form-field">
        {t("audit.kind")}
        <select
          class="field"
          value={filter.kind ?? ""}
          onChange={({ currentTarget }) => onChange({ ...filter, kind: currentTarget.value || null })}
        >
          <option value="">{t("audit.kind.all")}</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`audit.kind.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="form-field">
        {t("audit.agent")}
        <select
          class="field"
          value={filter.agentId ?? ""}
          onChange={({ currentTarget }) => onChange({ ...filter, agentId: currentTarget.value || null })}
        >
          <option value="">{t("audit.agent.all")}</option>
          {agents.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {day("from")}
      {day("until")}
    </search>
  );
}
