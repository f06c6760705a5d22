/** How the sandbox names a server: always on loopback, the password in the clear because it was made up for this run. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly password?: string | undefined;
}
