/** The system's notifications, as far as this browser has them. */
export type Permission = NotificationPermission | "unsupported";

export interface Shown {
  title: string;
  body: string;
  /** What a click on it does, besides bringing the window to the front. */
  open: () => void;
}

export function permission(): Permission {
  return "Notification" in window ? Notification.permission : "unsupported";
}

/** Asks the agent, who has just clicked for it. */
export async function askPermission(): Promise<Permission> {
  return "Notification" in window ? Notification.requestPermission() : "unsupported";
}

/** Shows it in place of the one before, so that they do not pile up. */
export function notify({ title, body, open }: Shown): void {
  if (permission() !== "granted") return;
  let shown: Notification;
  try {
    // The sound is ours, and chosen apart from this.
    shown = new Notification(title, { body, tag: "guichet", dir: "auto", silent: true });
  } catch (error) {
    // Browsers of phones have the name but show none for a page: there the title and the sound tell.
    if (error instanceof TypeError) return;
    throw error;
  }
  shown.onclick = () => {
    window.focus();
    open();
    shown.close();
  };
}
