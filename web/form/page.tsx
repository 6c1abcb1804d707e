import { textOn } from "@guichet/shared/color";
import { useEffect, useRef } from "preact/hooks";
import { FieldView } from "./field";
import { FilesView } from "./files";
import { BASE, type Filling, pathOf } from "./filling";
import type { Words } from "./words";

interface Shown {
  filling: Filling;
  t: Words;
}

export function Page({ filling, t }: Shown) {
  const { color, name } = filling.form;
  useEffect(() => {
    if (!color) return;
    document.documentElement.style.setProperty("--accent", color);
    document.documentElement.style.setProperty("--on-accent", textOn(color));
  }, [color]);
  return (
    <main>
      <h1>{name}</h1>
      {filling.number === null ? <FormView filling={filling} t={t} /> : <Receipt filling={filling} t={t} />}
    </main>
  );
}

function FormView({ filling, t }: Shown) {
  const view = useRef<HTMLFormElement>(null);
  const busy = filling.sending || filling.tray.awaited;

  function send(event: SubmitEvent): void {
    event.preventDefault();
    filling.send();
  }

  // What the check or the server found wrong is where the reader goes on.
  const first = Object.keys(filling.wrong)[0];
  const asked = filling.asked;
  useEffect(() => {
    if (asked && first) view.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [asked, first]);

  return (
    <form ref={view} noValidate onSubmit={send}>
      <p class="hint">{t("required")}</p>
      {BASE.map((name) => (
        <FieldView
          key={name}
          path={name}
          kind={name === "message" ? "textarea" : name === "email" ? "email" : "text"}
          label={t(name)}
          required
          filling={filling}
          t={t}
        />
      ))}
      {filling.form.fields.map((field) => (
        <FieldView key={field.name} {...field} path={pathOf(field)} filling={filling} t={t} />
      ))}
      {/* Only machines fill it in: people neither see it nor come to it. */}
      <div class="away" aria-hidden="true">
        <label>
          {t("website")}
          <input
            name="website"
            tabIndex={-1}
            autocomplete="off"
            value={filling.values.website ?? ""}
            onInput={({ currentTarget }) => filling.type("website", currentTarget.value)}
          />
        </label>
      </div>
      <FilesView tray={filling.tray} locale={filling.form.language} t={t} />
      <div role="alert" class="failure">
        {filling.failure && t(`failure.${filling.failure}`)}
      </div>
      <button type="submit" class="main" aria-disabled={busy}>
        {t(busy ? "sendingForm" : "send")}
      </button>
    </form>
  );
}

function Receipt({ filling, t }: Shown) {
  const { number, values, confirmed } = filling;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="receipt">
      <h2 ref={heading} tabIndex={-1}>
        {t("received")}
      </h2>
      <p class="number">{t("number", { number: String(number) })}</p>
      {confirmed && <p>{t("confirmed", { email: values.email?.trim() ?? "" })}</p>}
      <button type="button" onClick={() => filling.again()}>
        {t("another")}
      </button>
    </section>
  );
}
