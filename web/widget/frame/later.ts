/** Something that many visitors never need: it is loaded when it is first asked for. */

const AGAIN_AFTER = 5_000;

export class Later<T> {
  /** What is there, without asking for it. */
  current: T | undefined;
  /** It could not be loaded the last time. */
  failed = false;
  #load: () => Promise<T>;
  #onChange: () => void;
  #coming: Promise<T | undefined> | undefined;

  constructor(load: () => Promise<T>, onChange: () => void) {
    this.#load = load;
    this.#onChange = onChange;
  }

  /** What is there; where it is not, asking makes it come, and then `onChange` is called. */
  get now(): T | undefined {
    void this.get();
    return this.current;
  }

  /** undefined where it cannot be loaded now. */
  get(): Promise<T | undefined> {
    this.#coming ??= this.#fetch();
    return this.#coming;
  }

  async #fetch(): Promise<T | undefined> {
    try {
      this.current = await this.#load();
      this.failed = false;
    } catch {
      this.failed = true;
      // Not at once: it is asked for each time that something is drawn.
      setTimeout(() => {
        this.#coming = undefined;
      }, AGAIN_AFTER);
    }
    this.#onChange();
    return this.current;
  }
}
