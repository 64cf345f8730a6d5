/** The commands that this booth gives to a lane, and what became of each. */
import { api } from '../lib/api';
import { Action } from '../lib/action.svelte';
import { stream } from '../lib/stream.svelte';
import type { Command, Order } from '../lib/types';

const SHOWN_MS = 60_000;

/** Gives orders to one lane, one at a time. */
export class Orders {
  readonly lane: string;
  readonly action = new Action();
  /** What is being asked now, before the service has it. */
  asked = $state.raw<Order | null>(null);

  constructor(lane: string) {
    this.lane = lane;
  }

  /** Commands of the last minute, the newest first. */
  get recent(): Command[] {
    const since_ms = stream.now_utc_ms - SHOWN_MS;
    return Object.values(stream.commands)
      .filter((command) => command.lane_id === this.lane && command.given_utc_ms > since_ms)
      .sort((one, other) => other.given_utc_ms - one.given_utc_ms || (one.id < other.id ? 1 : -1));
  }

  /** Whether one is on its way: the next is given when it is answered. */
  get busy(): boolean {
    return this.action.busy || this.recent.some((command) => command.state === 'waiting' || command.state === 'sent');
  }

  /** Give an order; true when the service took it. */
  async give(order: Order, vehicle: string | null = null): Promise<boolean> {
    this.asked = order;
    const taken = await this.action.run(async () => stream.putCommand(await api.command(this.lane, order, undefined, vehicle)));
    this.asked = null;
    return taken;
  }
}
