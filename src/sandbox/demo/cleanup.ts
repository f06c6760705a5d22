/** Ends everything that was begun, last first, each once. One that can't be ended doesn't keep the others. */
export class Cleanup {
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly #complain: (trouble: string) => void;
  #running: Promise<void> | null = null;

  constructor(complain: (trouble: string) => void) {
    this.#complain = complain;
  }

  /** What is begun when the end has already come is ended at once. */
  async add(end: () => Promise<unknown>): Promise<void> {
    if (this.#running === null) {
      this.#ends.push(end);
      return;
    }
    await this.#one(end);
    throw new Error('The demo has ended.');
  }

  get begun(): boolean {
    return this.#running !== null;
  }

  run(): Promise<void> {
    this.#running ??= this.#all();
    return this.#running;
  }

  async #all(): Promise<void> {
    for (const end of this.#ends.toReversed()) await this.#one(end);
  }

  async #one(end: () => Promise<unknown>): Promise<void> {
    await end().catch((error: unknown) => this.#complain(String(error)));
  }
}
