/** views.*. */
import { type JsonObject, stringAt } from '../json.ts';
import { refuse } from '../refusal.ts';
import { type ApiContext, bot, type Methods, needString } from './method.ts';

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
};
