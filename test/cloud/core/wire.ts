import type * as net from 'node:net';

export type Direction = 'up' | 'down';

/** The way between the world and the machines of a cloud. Carries bytes; stalls, without a word, on order. */
export class Wire {
  private readonly ends = new Set<net.Socket>();
  private readonly halted = new Set<net.Socket>();
  private readonly carried = { up: 0, down: 0 };
  private order: { direction: Direction; at: number } | null = null;

  /** Does anything stand still? */
  get stalled(): boolean {
    return this.halted.size > 0;
  }

  /** Carries between a client and its guest until both have ended. */
  join(client: net.Socket, guest: net.Socket): void {
    this.carry(client, guest, 'up');
    this.carry(guest, client, 'down');
  }

  /** Carries nothing more over the present connections, without closing them; new ones are not concerned. */
  stall(): void {
    for (const socket of this.ends) {
      this.halted.add(socket);
      socket.pause();
    }
  }

  /** The same as soon as so many further bytes were carried in a direction, all connections together. */
  stallAfter(direction: Direction, bytes: number): void {
    this.order = { direction, at: this.carried[direction] + bytes };
  }

  /** Lets stalled connections go on, and forgets an order. */
  flow(): void {
    this.order = null;
    const halted = [...this.halted];
    this.halted.clear();
    for (const socket of halted) socket.resume();
  }

  private carry(from: net.Socket, to: net.Socket, direction: Direction): void {
    this.ends.add(from);
    from.on('data', (chunk: Buffer) => {
      this.carried[direction] += chunk.length;
      if (!to.write(chunk)) from.pause();
      if (this.order === null || this.order.direction !== direction || this.carried[direction] < this.order.at) return;
      this.order = null;
      this.stall();
    });
    to.on('drain', () => {
      if (!this.halted.has(from)) from.resume();
    });
    from.on('end', () => to.end());
    from.on('close', () => {
      this.ends.delete(from);
      this.halted.delete(from);
    });
  }
}
