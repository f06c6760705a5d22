/** Scripted trouble for Web API calls. Owns the script; the server asks it before and after each call. */

/** `*` means every method. */
export type MethodPattern = string;

export type Fault =
  | { readonly kind: 'ratelimit'; readonly retryAfterSeconds: number }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is cut before anything is done. */
  | { readonly kind: 'cut' }
  /** The call is carried out, but its answer never arrives. */
  | { readonly kind: 'answer_lost' };

export class Faults {
  #script: { readonly method: MethodPattern; readonly fault: Fault; left: number }[] = [];
  #latency = new Map<MethodPattern, number>();

  add(method: MethodPattern, fault: Fault, times: number): void {
    this.#script.push({ method, fault, left: times });
  }

  /** The next fault for a call of this method; it is used up by asking. */
  take(method: string): Fault | null {
    const entry = this.#script.find((one) => one.left > 0 && (one.method === method || one.method === '*'));
    if (entry === undefined) return null;
    entry.left -= 1;
    return entry.fault;
  }

  clear(): void {
    this.#script = [];
    this.#latency.clear();
  }

  setLatency(ms: number, method: MethodPattern): void {
    this.#latency.set(method, ms);
  }

  latency(method: string): number {
    return this.#latency.get(method) ?? this.#latency.get('*') ?? 0;
  }
}
