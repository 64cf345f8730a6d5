/** Where in a visit one looks, and how fast it goes on. */

export const SPEEDS = [0.5, 1, 2, 5, 10, 30, 60] as const;

const SHOW_MS = 200;

export class Player {
  /** s from the visit's beginning. */
  t_s = $state(0);
  /** The same for what is costly to draw: while it plays, a few times a second. */
  shown_s = $state(0);
  #since_shown_s = 0;
  playing = $state(false);
  speed = $state<number>(1);
  duration_s = $state(0);

  /** Begin with a visit: at its end, where its result is, unless a moment is named. */
  load(duration_s: number, at_s: number | null = null): void {
    this.playing = false;
    this.duration_s = duration_s;
    this.seek(at_s ?? duration_s);
  }

  /** Play or pause; at the end it begins again. */
  toggle(): void {
    if (!this.playing && this.t_s >= this.duration_s) this.seek(0);
    this.playing = !this.playing && this.duration_s > 0;
  }

  seek(t_s: number): void {
    this.t_s = this.shown_s = Math.min(Math.max(t_s, 0), this.duration_s);
    this.#since_shown_s = 0;
  }

  /** So much real time went by. */
  advance(real_s: number): void {
    if (!this.playing) return;
    this.t_s = Math.min(this.t_s + real_s * this.speed, this.duration_s);
    this.#since_shown_s += real_s;
    if (this.t_s >= this.duration_s) this.playing = false;
    if (!this.playing || this.#since_shown_s * 1000 >= SHOW_MS) this.seek(this.t_s);
  }
}
