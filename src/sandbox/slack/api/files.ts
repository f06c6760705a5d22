/**
 * The three steps of an upload (files.uploadV2 of @slack/web-api): a URL for so many bytes, the bytes, the share. Slack
 * keeps to what was announced: other bytes than that, or a second upload to one URL, make no file.
 */
import { isObject, stringAt } from '../json.ts';
import { refuse } from '../refusal.ts';
import type { SandboxFile } from '../workspace.ts';
import { fileJson, type Upload } from './file.ts';
import { bot, type Methods, needString, writableChannel } from './method.ts';

/** docs.slack.dev: 1 GB a file, 1,000 characters of alternative text. */
const MOST_BYTES = 1_000_000_000;
const ALT_CHARACTERS = 1_000;
/** What one message holds. */
const MOST_FILES = 10;

const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  log: 'text/plain',
  md: 'text/markdown',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  webp: 'image/webp',
};

/** False: Slack would not take it. */
export function takeUpload(upload: Upload | undefined, content: Buffer): boolean {
  if (upload === undefined || upload.content !== null || content.length !== upload.bytes) return false;
  upload.content = content;
  return true;
}

function typeOf(name: string): Pick<SandboxFile, 'filetype' | 'mimetype'> {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const mimetype = TYPES[extension];
  return mimetype === undefined
    ? { filetype: 'binary', mimetype: 'application/octet-stream' }
    : { filetype: extension === 'txt' || extension === 'log' ? 'text' : extension, mimetype };
}

export const fileMethods: Methods = {
  'files.getUploadURLExternal': bot(['files:write'], (api, args) => {
    const name = needString(args, 'filename');
    const bytes = Number(needString(args, 'length'));
    // docs.slack.dev says alt_txt, @slack/web-api 8.2.0 sends alt_text.
    const alt = stringAt(args, 'alt_txt') ?? stringAt(args, 'alt_text');
    if (!Number.isInteger(bytes) || bytes <= 0 || (alt?.length ?? 0) > ALT_CHARACTERS) refuse('invalid_arguments');
    if (bytes > MOST_BYTES) refuse('file_upload_size_restricted');
    const id = api.workspace.nextId('F');
    api.uploads.set(id, { name, bytes, alt, content: null });
    return { upload_url: `${api.origin()}/upload/${id}`, file_id: id };
  }),

  'files.completeUploadExternal': bot(['files:write'], (api, args) => {
    const files = args['files'];
    if (!Array.isArray(files) || files.length === 0 || files.length > MOST_FILES) refuse('invalid_arguments');
    const channelId = stringAt(args, 'channel_id');
    const channel = channelId === null ? null : writableChannel(api, { channel: channelId }, 'member');
    const threadTs = stringAt(args, 'thread_ts');
    if (threadTs !== null && (channel === null || api.workspace.message(channel.id, threadTs) === undefined))
      refuse('thread_not_found');
    const done = files.map((file: unknown): SandboxFile => {
      const id = isObject(file) ? stringAt(file, 'id') : null;
      const upload = id === null ? undefined : api.uploads.get(id);
      if (id === null || upload === undefined || upload.content === null) refuse('file_not_found');
      return {
        id,
        name: upload.name,
        title: (isObject(file) ? stringAt(file, 'title') : null) ?? upload.name,
        alt: upload.alt,
        ...typeOf(upload.name),
        created: Math.floor(api.workspace.clock.now() / 1000),
        content: upload.content,
        channel: channel?.id ?? null,
        thread_ts: threadTs,
      };
    });
    for (const file of done) {
      api.uploads.delete(file.id);
      api.workspace.files.set(file.id, file);
      api.workspace.announce({ kind: 'file', file: file.id });
    }
    if (channel !== null) {
      api.workspace.post({
        channel: channel.id,
        user: api.workspace.botUserId,
        text: stringAt(args, 'initial_comment') ?? '',
        blocks: [],
        thread_ts: threadTs,
        files: done.map((file) => file.id),
      });
    }
    return { files: done.map((file) => fileJson(api.workspace, file)) };
  }),
};
