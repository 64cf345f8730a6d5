/** The alarm's sound: beeps that go on while an alert is raised, as far as the browser lets a page sound. */

const REMEMBERED = 'lorryscan.muted';
const ALONE_WITHIN_MS = 1500;
/** Per pattern: tones as [hertz, start s, length s], and the pause from one to the next. */
const PATTERNS = {
  rescue: { every_ms: 1500, tones: [[880, 0, 0.18], [660, 0.22, 0.18], [880, 0.44, 0.18], [660, 0.66, 0.18]] },
  search: { every_ms: 4000, tones: [[740, 0, 0.25], [740, 0.4, 0.25]] },
  stale: { every_ms: 6000, tones: [[330, 0, 0.5]] },
} as const;

export type Pattern = keyof typeof PATTERNS;

class Sound {
  muted = $state(globalThis.localStorage?.getItem(REMEMBERED) === 'yes');
  /** The browser lets no page sound before somebody pressed something on it, unless it was started to let it. */
  blocked = $state(true);
  /** Whether sound ran before anybody pressed anything; null while that is not known. */
  alone = $state<boolean | null>(null);

  #context: AudioContext | null = null;
  #repeating: ReturnType<typeof setInterval> | null = null;
  #pattern: Pattern | null = null;
  #pressed = false;

  constructor() {
    // Not when the pointer goes down: the line that says "off" goes, and what was pressed would move from under it.
    for (const gesture of ['click', 'keydown'] as const) {
      globalThis.document?.addEventListener(gesture, () => {
        this.#pressed = true;
        this.alone ??= false;
        void this.unblock();
      });
    }
    if (globalThis.document === undefined) return;
    // Not waited for: where it is not allowed this never comes to an end.
    void this.unblock();
    setTimeout(() => (this.alone ??= false), ALONE_WITHIN_MS);
  }

  /** Try to start sounding; works after a gesture, or where the browser was started to let pages sound. */
  async unblock(): Promise<void> {
    if (!this.blocked) return;
    try {
      this.#context ??= new AudioContext();
      this.#context.onstatechange = () => this.#look();
      await this.#context.resume();
      this.#look();
    } catch {
      this.blocked = true; // a machine without sound: the page goes on saying that it is off
    }
  }

  #look(): void {
    this.blocked = this.#context?.state !== 'running';
    if (!this.blocked && !this.#pressed) this.alone = true; // also where a busy machine took its time
  }

  mute(muted: boolean): void {
    this.muted = muted;
    globalThis.localStorage?.setItem(REMEMBERED, muted ? 'yes' : 'no');
  }

  /** Let the officer hear what an alert sounds like, muted or not. */
  async test(): Promise<void> {
    await this.unblock();
    this.#play('rescue');
  }

  /** Repeat a pattern until told otherwise; null is silence. */
  repeat(pattern: Pattern | null): void {
    if (pattern === this.#pattern) return;
    this.#pattern = pattern;
    if (this.#repeating !== null) clearInterval(this.#repeating);
    this.#repeating = null;
    if (pattern === null) return;
    const sound = (): void => {
      if (!this.muted) this.#play(pattern);
    };
    sound();
    this.#repeating = setInterval(sound, PATTERNS[pattern].every_ms);
  }

  #play(pattern: Pattern): void {
    const context = this.#context;
    if (context?.state !== 'running') return;
    for (const [hertz, start_s, length_s] of PATTERNS[pattern].tones) {
      const tone = context.createOscillator();
      const loudness = context.createGain();
      const begin = context.currentTime + start_s;
      tone.frequency.value = hertz;
      tone.type = 'square';
      // Ramps instead of steps: a step clicks.
      loudness.gain.setValueAtTime(0, begin);
      loudness.gain.linearRampToValueAtTime(0.2, begin + 0.01);
      loudness.gain.setValueAtTime(0.2, begin + length_s - 0.02);
      loudness.gain.linearRampToValueAtTime(0, begin + length_s);
      tone.connect(loudness).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + length_s);
    }
  }
}

export const sound = new Sound();
