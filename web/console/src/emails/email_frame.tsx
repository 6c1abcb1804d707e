import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../words/words";
import { useColours } from "./colours";
import { addressImages, wantsPaper } from "./email_html";

interface EmailFrameProps {
  /** Clean: without scripts, forms, and styles that leave their box. */
  html: string;
  /** What the frame holds, for those who do not see it. */
  title: string;
  /** Addresses of the images that came with the mail. */
  inline: ReadonlyMap<string, string>;
  withRemote: boolean;
}

/**
 * The HTML of a stranger, in a frame of its own. Neither its sandbox nor its policy let any script run in it; that is
 * why it may have the console's origin, which lets the console fill it and take its height. The frame's two
 * pages differ in their policy: without `_images`, the browser itself loads nothing from elsewhere. They are files, not
 * `srcdoc`, which would be under the console's policy, too, and lose every style of the mail.
 */
export function EmailFrame({ html, title, inline, withRemote }: EmailFrameProps): JSX.Element {
  const { locale } = useWords();
  const element = useRef<HTMLIFrameElement>(null);
  /** Kept from one frame to the next, so that nothing below moves. */
  const height = useRef(0);
  const [loaded, setLoaded] = useState<Document | null>(null);
  const paper = wantsPaper(html);
  const colours = useColours(element);

  useEffect(() => {
    // Read by the frame's own parser: what the console's reads is under the console's policy, styles included.
    const view = loaded?.defaultView as (Window & typeof globalThis) | null | undefined;
    if (!loaded || !view) return;
    const read = new view.DOMParser().parseFromString(html, "text/html");
    addressImages(read, inline, withRemote);
    loaded.body.replaceChildren(...[...read.body.childNodes].map((node) => loaded.adoptNode(node)));
  }, [loaded, html, inline, withRemote]);

  useEffect(() => {
    if (!loaded) return;
    const { documentElement: root } = loaded;
    root.lang = locale;
    // A mail that runs the other way overflows at its own end, where it can be scrolled to.
    loaded.body.dir = "auto";
    root.classList.toggle("paper", paper);
    root.style.cssText = paper
      ? ""
      : `color-scheme: ${colours.scheme}; color: ${colours.text}; background: ${colours.ground}`;
  }, [loaded, paper, colours, locale]);

  useEffect(() => {
    if (!loaded) return;
    const observer = new ResizeObserver(() => {
      height.current = loaded.body.offsetHeight;
      if (element.current) fit(element.current, height.current);
    });
    observer.observe(loaded.body);
    return () => observer.disconnect();
  }, [loaded]);

  return (
    // A new frame for the other page: to go back with the browser leads out of the request, not to the first page.
    <iframe
      key={String(withRemote)}
      ref={element}
      class="email-frame"
      style={{ height: height.current }}
      title={title}
      src={withRemote ? "/mail_images.html" : "/mail.html"}
      sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
      onLoad={({ currentTarget }) => setLoaded(currentTarget.contentDocument)}
    />
  );
}

/** Makes it as high as what is in it. A reader further down keeps their place. */
function fit(frame: HTMLIFrameElement, height: number): void {
  const before = frame.offsetHeight;
  frame.style.height = `${height}px`;
  const history = frame.closest(".history");
  if (history && frame.getBoundingClientRect().bottom < history.getBoundingClientRect().top)
    history.scrollTop += frame.offsetHeight - before;
}
