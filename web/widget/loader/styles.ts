/**
 * The launcher's style, adopted by its shadow root: a host page whose policy forbids inline styles allows that.
 * The few sizes here are those of look.md; the tokens stay in the frame, out of the first load.
 */
export const css = `
:host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; inset: auto 20px 20px auto !important; }
:host(.left) { inset: auto auto 20px 20px !important; }
[hidden] { display: none !important; }
button {
  position: relative; display: grid; place-items: center; width: 56px; height: 56px; padding: 0; cursor: pointer;
  color: var(--on-color); background: var(--color); border: 0; border-radius: 50%;
  box-shadow: 0 0 0 1px rgb(255 255 255 / 35%), 0 4px 16px rgb(0 0 0 / 22%);
}
button:focus-visible { outline: 2px solid #1f6feb; outline-offset: 3px; }
svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
path { transition: opacity 140ms; }
button[aria-expanded="false"] path + path, button[aria-expanded="true"] path:first-child { opacity: 0; }
span {
  position: absolute; inset: -4px -4px auto auto; min-width: 20px; box-sizing: border-box; padding: 0 5px; text-align: center;
  font: 600 12px/20px system-ui, sans-serif; color: #fff; background: #c2352b; border-radius: 10px; box-shadow: 0 0 0 2px #fff;
}
section {
  position: fixed; inset: auto 20px 88px auto; width: 380px; height: min(620px, 100vh - 108px); overflow: hidden;
  background: Canvas; color: CanvasText; color-scheme: light dark; border-radius: 10px;
  box-shadow: 0 0 0 1px rgb(128 128 128 / 25%), 0 8px 32px rgb(0 0 0 / 22%);
}
:host(.left) section { inset: auto auto 88px 20px; }
p { margin: 0; padding: 24px; font: 14px/1.45 system-ui, sans-serif; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; opacity: 0; color-scheme: normal; transition: opacity 140ms; }
.answered iframe { opacity: 1; }
@media (max-width: 479px) {
  section, :host(.left) section { inset: 0; width: auto; height: auto; border-radius: 0; box-shadow: none; }
  .answered:not([hidden]) ~ button { display: none; }
}
@media (prefers-reduced-motion: reduce) { path, iframe { transition: none; } }
`;
