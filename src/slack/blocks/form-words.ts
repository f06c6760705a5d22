/** Everything that the form for a new migration says. `SHORT` of Slack: 24 characters for titles and buttons, 75 for options. */
import { COMMAND } from './words.ts';

export const FORM_WORDS = {
  title: 'Migrate Redis servers',
  moment: 'One moment…',
  next: 'Next: the pairs',
  cancel: 'Cancel',
  intro: 'This page starts nothing. The next one shows which old server goes to which new one.',
  toldIn: (channel: string) => `What happens is told in ${channel}.`,

  servers: 'From where to where',
  how: 'How',
  when: 'When',
  why: 'What for',

  sourcesGroup: 'Old servers: a group of the inventory',
  sources: 'Old servers: their addresses, one a line',
  destinationsGroup: 'New servers: a group of the inventory',
  destinations: 'New servers: their addresses, one a line',
  orAddresses: '… or their addresses, one a line',
  searchGroups: 'Type to search the groups',
  sourcesExample: 'old-1:6379\nold-2:6379',
  destinationsExample: 'new-1:6379\nnew-2:6379',
  addressHint: 'host:port, redis://user@host:port, or rediss://… for TLS. Never a password.',

  name: 'Name',
  nameHint: 'How it is called in the channel. Left empty, it is named after its servers.',
  cutover: 'Cut-over: how writes go from old to new',
  canary: 'Canary: the number of a shard that goes over first',
  canaryHint: 'Counted from 1, in the order above. Left empty, all go together. Only with the fenced cut-over.',
  soak: 'Minutes that the others wait behind it',
  soakHint: '10 when left empty; 0 to 1440.',
  wipe: 'New servers that hold keys',
  wipeYes: 'may be wiped',
  wipeAbout: 'You will still be asked to type the name before it happens.',
  reason: 'Reason, or the link of a ticket',
  channel: 'Channel to tell it in',
  check: 'Check only',
  checkYes: 'Look at the servers and tell me; start nothing',
  checkAbout: 'The answer comes to you alone.',
} as const;

export const FORM_PROBLEMS = {
  channel: 'Choose the channel that the migration is told in.',
  bothSides: 'Choose a group or write addresses, not both.',
  noSources: 'Choose the group of the old servers, or write their addresses.',
  noSourcesWritten: 'Write the addresses of the old servers.',
  noDestinations: 'Choose the group of the new servers, or write their addresses.',
  noDestinationsWritten: 'Write the addresses of the new servers.',
  canary: 'The number of a shard, counted from 1.',
  soak: 'Minutes from 0 to 1440; less than 0.1 only as 0.',
  soakAlone: 'Say which shard goes first, or leave this empty.',
  twoRequests: "Two requests got in each other's way. Please send the form again.",
} as const;

export const PAIRS_WORDS = {
  title: 'Who goes where',
  start: 'Start',
  check: 'Check',
  back: 'Back',
  look: 'Look at every line: data goes from the left to the right.',
  looksWrong: (shards: string, are: string) =>
    `⚠️ The numbers in the names of ${shards} ${are} not the same on both sides.`,
  matched: 'Match by name',
  asGiven: 'As it was given',
  order: 'New servers, in the order of the old ones',
  orderPart: (from: number, to: number) => `New servers of shards ${from} to ${to}`,
  orderHint: 'To change who goes where, move lines here. The changed pairs are shown before anything starts.',
  tooMany: 'To change the order of so many servers, go back and give the new ones in another order.',
  changed: '✏️ You changed the order. These are the pairs now; send the form once more if they are right.',
  starts: 'It starts with a look at all servers. Nothing is changed before somebody approves *continue*.',
  checks: 'The servers are looked at and nothing is changed. The answer comes to you alone.',
  gone: `The bot has forgotten this page: it was sent already, or the bot was started again. Nothing was started by it now. Go back and send the first page once more, or look with \`${COMMAND} list\`.`,
} as const;
