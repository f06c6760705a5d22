/**
 * Knows the requests that are being worked on, so that a stop can let them finish. Once new ones are refused, each gets
 * an answer that says so; nothing of it is carried out.
 */
import type { AllMiddlewareArgs, AnyMiddlewareArgs } from '@slack/bolt';
import type { Clock } from '../clock.ts';
import type { Log, SecretRegistry } from '../log.ts';
import { noticeForm } from './blocks/elements.ts';

export interface InFlight {
  readonly middleware: (args: AnyMiddlewareArgs & AllMiddlewareArgs) => Promise<void>;
  /** Work that did not come in as a request. */
  add(work: Promise<unknown>): void;
  refuseNew(): void;
  /** Resolves when all is done, or after `graceMs`. */
  settled(graceMs: number): Promise<void>;
}

const RESTARTING = 'The bot is being restarted, so nothing was done. Please try again in a minute.';

export function createInFlight(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: SecretRegistry;
}): InFlight {
  const { clock, log } = deps;
  const works = new Set<Promise<unknown>>();
  let refusing = false;

  function add(work: Promise<unknown>): void {
    works.add(work);
    const forget = () => works.delete(work);
    work.then(forget, forget);
  }

  async function refuse(args: AnyMiddlewareArgs & AllMiddlewareArgs): Promise<void> {
    try {
      if ('command' in args) await args.ack({ response_type: 'ephemeral', text: RESTARTING });
      else if ('view' in args && args.body.type === 'view_submission') {
        const input = args.view.blocks.find((block) => block.type === 'input');
        // Errors keep the form open, with all that was typed; a form without a field must not just close.
        await args.ack(
          input?.block_id === undefined
            ? { response_action: 'update', view: noticeForm(RESTARTING) }
            : { response_action: 'errors', errors: { [input.block_id]: RESTARTING } },
        );
      } else if ('shortcut' in args) {
        await args.ack();
        if ('respond' in args) await args.respond({ response_type: 'ephemeral', text: RESTARTING });
      } else if ('options' in args) {
        await args.ack({ options: [] });
      } else if ('action' in args) {
        await args.ack();
        await args.respond({ response_type: 'ephemeral', replace_original: false, text: RESTARTING });
      }
    } catch (error) {
      log.info({ err: error }, 'a request that came while stopping got no answer');
    }
  }

  return {
    async middleware(args) {
      const work = refusing ? refuse(args) : args.next();
      add(work);
      await work;
    },
    add,
    refuseNew() {
      refusing = true;
    },
    async settled(graceMs) {
      const over = new AbortController();
      const all = (async () => {
        while (works.size > 0) await Promise.allSettled(works);
      })();
      await Promise.race([all, clock.sleep(graceMs, over.signal)]);
      over.abort();
      if (works.size > 0) log.warn({ requests: works.size }, 'stopping although requests are not finished');
    },
  };
}
