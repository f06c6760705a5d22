export interface ServerVersion {
  readonly kind: 'redis' | 'valkey';
  readonly text: string;
  readonly numbers: readonly number[];
}
