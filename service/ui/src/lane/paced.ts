/** Draws what came no more often than is read: at once after a pause, else as soon as it may again. */
export class Paced {
  #drawn_at = -Infinity;
  #waiting: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly draw: () => void,
    private readonly every_ms: number,
  ) {}

  /** Something came. */
  came(): void {
    if (this.#waiting !== null) return;
    const wait_ms = this.#drawn_at + this.every_ms - performance.now();
    if (wait_ms <= 0) this.#draw();
    else this.#waiting = setTimeout(() => this.#draw(), wait_ms);
  }

  /** Nothing is drawn any more. */
  end(): void {
    if (this.#waiting !== null) clearTimeout(this.#waiting);
    this.#waiting = null;
  }

  #draw(): void {
    this.#waiting = null;
    this.#drawn_at = performance.now();
    this.draw();
  }
}
