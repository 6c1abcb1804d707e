import { type ReadonlySignal, signal } from "@preact/signals";

export interface Question {
  title: string;
  text: string;
  yes: string;
  no: string;
}

/** Asks the agent, in a dialog, to choose between two ways on. */
export class Asker {
  private readonly current = signal<(Question & { answer: (yes: boolean) => void }) | null>(null);
  readonly question: ReadonlySignal<(Question & { answer: (yes: boolean) => void }) | null> = this.current;

  ask(question: Question): Promise<boolean> {
    this.current.value?.answer(false);
    return new Promise((resolve) => {
      this.current.value = {
        ...question,
        answer: (yes) => {
          this.current.value = null;
          resolve(yes);
        },
      };
    });
  }
}
