/**
 * What the loader, on the host page, and the frame, on Guichet's origin, say to each other by postMessage.
 * Each side names the other's exact origin when it sends, and checks source and origin of what it receives.
 */

export interface ToFrame {
  guichet: "shown";
  shown: boolean;
  /** Who the visitor is, signed by the site's own server. Not among the options, which are part of an address. */
  identity: string | undefined;
}

/** How the operator wants the launcher to look on a site. */
export interface Look {
  /** `#rrggbb` */
  color?: string | null;
  position?: string;
}

/** What the frame says to the loader. `reset`: make another frame, in which nothing of this one is left. */
export type ToHost =
  | {
      guichet: "state";
      unread: number;
      /** There is something to stay connected for, also after the next page load; null: not known yet. */
      active: boolean | null;
      /** null as long as it is not known. */
      site: Look | null;
      /** The style in which the closed panel shows an answer over the launcher; empty: it does not. */
      style?: string;
      /** What is to stand before the page's own title. */
      mark?: string;
    }
  | { guichet: "close" }
  | { guichet: "open" }
  | { guichet: "reset" };

/** The frame's options, handed over in the fragment of its address, which no server sees. */
export interface FrameOptions {
  /** Origin of the host page. */
  origin: string;
  locale?: string | undefined;
  color?: string | undefined;
  theme?: string | undefined;
  /** Forget first all that was kept of the visitor. */
  reset?: boolean;
}

/** Messages from `source()` at `origin`, and from nobody else. */
export function receive<M extends { guichet: string }>(
  origin: string,
  source: () => MessageEventSource | null | undefined,
  take: (message: M) => void,
): void {
  addEventListener("message", (event) => {
    if (event.origin === origin && event.source === source() && event.data?.guichet) take(event.data);
  });
}
