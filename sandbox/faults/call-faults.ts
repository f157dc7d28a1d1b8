/** Faults that wait for calls: which one hits this call, and how often each has hit. */
import type { CallFault } from "./spec";

/** `operations`: how often each was hit, of a fault that counts for each on its own. */
export type Armed<Spec> = Spec & {
  readonly id: string;
  readonly hits: number;
  readonly operations?: Readonly<Record<string, number>>;
};

/** Those that are used up are kept for their hits, the newest of them. */
const spentKept = 2_000;

export class CallFaults<Spec extends CallFault, Call> {
  private readonly armed = new Map<string, Armed<Spec>>();
  private readonly skipped = new Map<string, number>();
  private readonly usedUp: Armed<Spec>[] = [];
  /** Calls that a `delay` holds at this moment, by its id. */
  private readonly heldCalls = new Map<string, Set<() => void>>();
  private next = 1;

  constructor(
    private readonly prefix: string,
    private readonly check: (spec: unknown) => Spec,
    private readonly matches: (fault: Spec, call: Call) => boolean,
    private readonly operationOf: (call: Call) => string,
    private readonly random: () => number = Math.random,
  ) {}

  /** Those that can still hit. */
  list(): readonly Armed<Spec>[] {
    return [...this.armed.values()];
  }
  /** Those that are used up, the oldest first. */
  spent(): readonly Armed<Spec>[] {
    return this.usedUp;
  }

  add(spec: unknown): Armed<Spec> {
    const fault = { ...this.check(spec), id: `${this.prefix}-${this.next++}`, hits: 0 };
    this.armed.set(fault.id, fault);
    return fault;
  }

  /** It hits no more, and the calls that it holds go on. False when it neither could hit nor held one. */
  remove(id: string): boolean {
    for (const key of this.skipped.keys()) if (key === id || key.startsWith(`${id} `)) this.skipped.delete(key);
    const held = this.release(id);
    return this.armed.delete(id) || held;
  }

  /**
   * Holds a call that a `delay` has hit: it goes on after its time, or as soon as the fault is removed. `later`: a timer
   * of whoever has the call.
   */
  hold({ id, ms = 1_000 }: Armed<Spec>, later: (ms: number, run: () => void) => void, goOn: () => void): void {
    const held = this.heldCalls.get(id) ?? new Set();
    const end = (): void => {
      if (!held.delete(end)) return;
      if (held.size === 0) this.heldCalls.delete(id);
      goOn();
    };
    this.heldCalls.set(id, held.add(end));
    later(ms, end);
  }

  /** Every call that is held goes on, also those of faults that are used up. */
  releaseAll(): void {
    for (const id of [...this.heldCalls.keys()]) this.release(id);
  }

  private release(id: string): boolean {
    const held = [...(this.heldCalls.get(id) ?? [])];
    for (const end of held) end();
    return held.length > 0;
  }

  /** The first fault that hits this call; counts the hit, and retires one that is used up. */
  take(call: Call): Armed<Spec> | null {
    for (const fault of this.armed.values()) {
      if (!this.matches(fault, call)) continue;
      const operation = fault.countPer === "operation" ? this.operationOf(call) : null;
      if (operation !== null && fault.count !== undefined && (fault.operations?.[operation] ?? 0) >= fault.count)
        continue;
      const key = operation === null ? fault.id : `${fault.id} ${operation}`;
      const passed = this.skipped.get(key) ?? 0;
      if (passed < (fault.skip ?? 0)) {
        this.skipped.set(key, passed + 1);
        continue;
      }
      if (fault.probability !== undefined && this.random() >= fault.probability) continue;
      return this.hit(fault, operation);
    }
    return null;
  }

  private hit(fault: Armed<Spec>, operation: string | null): Armed<Spec> {
    const hit = {
      ...fault,
      hits: fault.hits + 1,
      ...(operation === null
        ? {}
        : { operations: { ...fault.operations, [operation]: (fault.operations?.[operation] ?? 0) + 1 } }),
    };
    // Another operation may come for the first time at any time.
    if (operation !== null || fault.count === undefined || hit.hits < fault.count) this.armed.set(fault.id, hit);
    else {
      this.remove(fault.id);
      this.usedUp.push(hit);
      if (this.usedUp.length > spentKept) this.usedUp.shift();
    }
    return hit;
  }
}
