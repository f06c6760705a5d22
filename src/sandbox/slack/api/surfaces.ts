/** views.* and the three steps of an upload. */
import { isObject, type JsonObject, stringAt } from '../json.ts';
import { refuse } from '../refusal.ts';
import { type ApiContext, bot, type Methods, needString, writableChannel } from './method.ts';

function target(args: JsonObject): {
  readonly id: string | null;
  readonly externalId: string | null;
  readonly hash: string | null;
} {
  return { id: stringAt(args, 'view_id'), externalId: stringAt(args, 'external_id'), hash: stringAt(args, 'hash') };
}

function trigger(api: ApiContext, args: JsonObject): { readonly user: string; readonly view: string | null } {
  return api.tickets.useTrigger(stringAt(args, 'trigger_id') ?? needString(args, 'interactivity_pointer'));
}

export const surfaceMethods: Methods = {
  'views.open': bot([], (api, args) => {
    const { user } = trigger(api, args);
    return { view: api.views.toJson(api.views.openNew(user, args['view'])) };
  }),

  'views.push': bot([], (api, args) => {
    const { user, view } = trigger(api, args);
    if (view === null || api.views.byId(view) === undefined) refuse('not_found');
    return { view: api.views.toJson(api.views.push(user, args['view'])) };
  }),

  'views.update': bot([], (api, args) => ({ view: api.views.toJson(api.views.update(target(args), args['view'])) })),

  'views.publish': bot([], (api, args) => {
    const user = needString(args, 'user_id');
    if (api.workspace.users.get(user) === undefined) refuse('user_not_found');
    return { view: api.views.toJson(api.views.publish(user, stringAt(args, 'hash'), args['view'])) };
  }),

  'files.getUploadURLExternal': bot(['files:write'], (api, args) => {
    const id = api.workspace.nextId('F');
    const name = needString(args, 'filename');
    if (!(Number(needString(args, 'length')) > 0)) refuse('invalid_arguments');
    api.uploads.set(id, { name, content: null });
    return { upload_url: `${api.origin()}/upload/${id}`, file_id: id };
  }),

  'files.completeUploadExternal': bot(['files:write'], (api, args) => {
    const files = args['files'];
    if (!Array.isArray(files) || files.length === 0) refuse('invalid_arguments');
    const channel =
      stringAt(args, 'channel_id') === null ? null : writableChannel(api, { channel: args['channel_id'] }, 'member');
    const threadTs = stringAt(args, 'thread_ts');
    const done = files.map((file: unknown) => {
      const id = isObject(file) ? stringAt(file, 'id') : null;
      const upload = id === null ? undefined : api.uploads.get(id);
      if (id === null || upload === undefined || upload.content === null) refuse('file_not_found');
      const title = (isObject(file) ? stringAt(file, 'title') : null) ?? upload.name;
      return {
        id,
        name: upload.name,
        title,
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
      const text = stringAt(args, 'initial_comment') ?? '';
      const ids = done.map((file) => file.id);
      api.workspace.post({
        channel: channel.id,
        user: api.workspace.botUserId,
        text,
        blocks: [],
        thread_ts: threadTs,
        files: ids,
      });
    }
    return { files: done.map(({ id, title }) => ({ id, title })) };
  }),
};
