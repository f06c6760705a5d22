/**
 * A small demo in this process: a workspace with its page, a Redis fleet under traffic, and the bot. Two people approve,
 * and a switch needs both. Owns all of it; `close()` ends it, last begun first.
 */
import { join } from 'node:path';
import { root } from '../setup.mjs';

const built = (name) => import(join(root, 'dist-sandbox/src/sandbox', name));

/** So that a picture has something of everything, and takes seconds. */
const FLEET = { shards: 4, keys: 3_000, traffic: 300 };

export async function startStage() {
  const [{ startFleet }, { startPairs, closePairs, fillPairs, addressIn }, { Application }, { Deployments }] =
    await Promise.all([
      built('redis/fleet.js'),
      built('demo/fleet.js'),
      built('demo/application.js'),
      built('demo/deployments.js'),
    ]);
  const [{ createBot }, { DemoWorld }, { startPageServer }, { startSandboxSlack, ANA, BEN, EVE, MIGRATIONS }] =
    await Promise.all([built('demo/bot.js'), built('demo/world.js'), built('page/server.js'), built('slack/index.js')]);
  const ends = [];
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end().catch((error) => console.error(String(error)));
  };
  try {
    const fleet = await startFleet();
    ends.push(() => fleet.close());
    const slack = await startSandboxSlack();
    ends.push(() => slack.close());
    const pairs = await startPairs(fleet, FLEET);
    ends.push(() => closePairs(pairs));
    await fillPairs(pairs, FLEET.keys);
    const application = new Application(pairs, FLEET.traffic);
    ends.push(() => application.stop());
    const deployments = await Deployments.start(application);
    ends.push(() => deployments.close());
    const bot = await createBot({
      slack,
      folder: join(fleet.dir, 'bot'),
      pairs,
      cutover: 'fenced',
      hook: deployments,
      settings: {
        APPROVERS: `${BEN},${EVE}`,
        APPROVALS: 'continue=1,switch=2,finish=1',
        QUIET_SECONDS: '10',
      },
    });
    ends.push(() => bot.close());
    await bot.start();
    const world = new DemoWorld({ pairs, application, bot, deployments });
    ends.push(() => world.close());
    world.verified.catch(() => {});
    const page = await startPageServer({
      slack,
      world,
      folder: join(root, 'dist-sandbox/page'),
      team: 'Demo',
      roles: new Map([
        [ANA, 'requester'],
        [BEN, 'approver'],
        [EVE, 'approver'],
      ]),
    });
    ends.push(() => page.close());
    const addresses = (side) => pairs.map((pair) => addressIn(pair, side));
    const { renderStatus } = await built('../slack/blocks/status.js');
    return { slack, bot, renderStatus, world, pairs, addresses, url: page.url, ANA, BEN, EVE, MIGRATIONS, close };
  } catch (error) {
    await close();
    throw error;
  }
}
