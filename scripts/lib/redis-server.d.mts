export function findRedisServer(options?: { progress?: (line: string) => void }): Promise<string>;
