/**
 * The inventory of now. Owns which one that is, the one thing here that changes while the bot runs. A file with a
 * mistake in it never takes the place of a good one.
 */
import { emptyInventory, type Inventory, loadInventory } from '../inventory.ts';
import type { Log } from '../log.ts';
import type { InventoryRooms } from './server.ts';

export interface InventoryKeeper {
  readonly current: Inventory;
  /** Reads the file again. Never throws: the log tells what came of it. */
  reload(): void;
}

export interface KeeperRooms extends InventoryRooms {
  /** Null: there is no inventory. */
  readonly path: string | null;
  readonly readFile: (path: string) => string;
  readonly log: Log;
}

/** Reads the file for the first time. */
export function openInventory(
  rooms: KeeperRooms,
):
  | { readonly ok: true; readonly keeper: InventoryKeeper }
  | { readonly ok: false; readonly problems: readonly string[] } {
  const { path, readFile, log } = rooms;
  let current = emptyInventory;
  if (path !== null) {
    const first = loadInventory(path, readFile, rooms);
    if (!first.ok) return first;
    current = first.inventory;
  }

  function reload(): void {
    if (path === null) {
      log.info({}, 'There is no inventory to read again: INVENTORY_FILE is not set');
      return;
    }
    const next = loadInventory(path, readFile, rooms);
    if (next.ok) {
      current = next.inventory;
      log.info(sizeOf(current), 'The inventory was read again');
      return;
    }
    for (const problem of next.problems) log.warn({ problem }, 'The new inventory has a mistake; the old one stays');
  }

  return {
    ok: true,
    keeper: {
      get current() {
        return current;
      },
      reload,
    },
  };
}

/** A server in two groups counts once. */
function sizeOf(inventory: Inventory): { readonly groups: number; readonly servers: number } {
  const names = inventory.names();
  const servers = new Set(
    names.flatMap((name) => (inventory.group(name) ?? []).map((one) => `${one.host} ${one.port}`)),
  );
  return { groups: names.length, servers: servers.size };
}
