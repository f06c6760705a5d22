export interface OtherServer {
  /** `redis 6.0`, `valkey 9`: what was asked for; `version` is what it is. */
  readonly name: string;
  readonly kind: 'redis' | 'valkey';
  readonly version: string;
  /** Can be spawned as it is; the process is the server itself. */
  readonly binary: string;
  /** Whether TLS is compiled in. */
  readonly tls: boolean;
}

export interface MissingServer {
  readonly name: string;
  readonly kind: 'redis' | 'valkey';
  readonly reason: string;
}

export interface OtherServers {
  readonly found: readonly OtherServer[];
  readonly missing: readonly MissingServer[];
}

export function findOtherServers(options?: {
  readonly main?: string | null;
  readonly fetch?: boolean;
  readonly progress?: (line: string) => void;
}): Promise<OtherServers>;
export function linesOfMissing(servers: OtherServers): string[];
