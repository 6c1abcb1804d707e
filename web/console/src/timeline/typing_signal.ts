import { useEffect, useRef } from "preact/hooks";
import type { Thread } from "./thread";

/** Repeated this often while typing goes on, so that it is not taken for over. */
const REPEAT_MS = 3_000;
/** A pause this long ends it. */
const PAUSE_MS = 5_000;

interface TypingSignal {
  wrote: (text: string) => void;
  stopped: () => void;
}

/** Tells the customer that an agent is writing, and that they stopped. */
export function useTypingSignal(thread: Thread): TypingSignal {
  const state = useRef<{ toldAt: number; pause: ReturnType<typeof setTimeout> } | null>(null);

  const stopped = () => {
    if (!state.current) return;
    clearTimeout(state.current.pause);
    state.current = null;
    thread.sendTyping(false);
  };
  const wrote = (text: string) => {
    if (text === "") return stopped();
    const now = Date.now();
    const toldAt = state.current?.toldAt ?? 0;
    clearTimeout(state.current?.pause);
    const due = now - toldAt >= REPEAT_MS;
    if (due) thread.sendTyping(true);
    state.current = { toldAt: due ? now : toldAt, pause: setTimeout(stopped, PAUSE_MS) };
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only leaving the request matters here
  useEffect(() => stopped, []);
  return { wrote, stopped };
}
