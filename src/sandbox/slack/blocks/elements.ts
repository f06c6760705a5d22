/** Interactive elements, options and confirm dialogs. The lists follow @slack/types 3.2.0. */
import { isObject, type JsonObject } from '../json.ts';
import {
  checkCount,
  checkEnum,
  checkList,
  checkString,
  checkText,
  onlyKnown,
  type Report,
  required,
} from './report.ts';
import { checkRichText } from './tables.ts';

type ElementCheck = (report: Report, path: string, element: JsonObject) => void;

const SELECTS = ['static_select', 'external_select', 'users_select', 'conversations_select', 'channels_select'];
const MULTI_SELECTS = SELECTS.map((type) => `multi_${type}`);
const PICKERS = ['checkboxes', 'datepicker', 'radio_buttons', 'timepicker', ...SELECTS, ...MULTI_SELECTS];

export const IN_ACTIONS = ['button', 'datetimepicker', 'overflow', 'workflow_button', 'rich_text_input', ...PICKERS];
export const IN_SECTION = ['button', 'image', 'overflow', 'workflow_button', ...PICKERS];
export const IN_INPUT = [
  'datetimepicker',
  'email_text_input',
  'file_input',
  'number_input',
  'plain_text_input',
  'rich_text_input',
  'url_text_input',
  ...PICKERS,
];
export const IN_CONTEXT_ACTIONS = ['feedback_buttons', 'icon_button'];

const ACTION = ['action_id', 'confirm', 'focus_on_load', 'placeholder'];
const WRITTEN = ['action_id', 'focus_on_load', 'placeholder', 'dispatch_action_config', 'initial_value'];

export function checkOptions(
  report: Report,
  path: string,
  options: unknown,
  size: { readonly min: number; readonly max: number },
  kind: 'plain' | 'any',
): void {
  checkList(report, path, options, size, (option, optionPath) => checkOption(report, optionPath, option, kind));
}

function checkOption(report: Report, path: string, option: unknown, kind: 'plain' | 'any'): void {
  if (!isObject(option)) {
    report.add(path, 'must provide an object');
    return;
  }
  onlyKnown(report, path, option, ['text', 'value', 'description', 'url']);
  if (required(report, path, option, 'text')) checkText(report, `${path}/text`, option['text'], { kind, max: 75 });
  if (required(report, path, option, 'value'))
    checkString(report, `${path}/value`, option['value'], { min: 1, max: 75 });
  checkText(report, `${path}/description`, option['description'], { kind, max: 75 });
}

function checkStaticSelect(report: Report, path: string, element: JsonObject): void {
  const initial = element['type'] === 'static_select' ? 'initial_option' : 'initial_options';
  onlyKnown(report, path, element, [...ACTION, 'options', 'option_groups', initial, 'max_selected_items']);
  const { options, option_groups: groups } = element as { options?: unknown; option_groups?: unknown };
  if ((options === undefined) === (groups === undefined)) {
    report.add(path, 'must define exactly one of `options` and `option_groups`');
    return;
  }
  if (options !== undefined) checkOptions(report, `${path}/options`, options, { min: 1, max: 100 }, 'plain');
  if (groups === undefined) return;
  checkList(report, `${path}/option_groups`, groups, { min: 1, max: 100 }, (group, groupPath) => {
    if (!isObject(group)) {
      report.add(groupPath, 'must provide an object');
      return;
    }
    if (required(report, groupPath, group, 'label')) {
      checkText(report, `${groupPath}/label`, group['label'], { kind: 'plain', max: 75 });
    }
    checkOptions(report, `${groupPath}/options`, group['options'], { min: 1, max: 100 }, 'plain');
  });
}

function checkButton(report: Report, path: string, element: JsonObject): void {
  onlyKnown(report, path, element, ['action_id', 'confirm', 'text', 'value', 'url', 'style', 'accessibility_label']);
  if (required(report, path, element, 'text')) {
    checkText(report, `${path}/text`, element['text'], { kind: 'plain', max: 75 });
  }
  checkString(report, `${path}/value`, element['value'], { max: 2000 });
  checkString(report, `${path}/url`, element['url'], { min: 1, max: 3000 });
  checkString(report, `${path}/accessibility_label`, element['accessibility_label'], { max: 75 });
  checkEnum(report, `${path}/style`, element['style'], ['primary', 'danger']);
}

export function checkImage(report: Report, path: string, image: JsonObject, keys: readonly string[] = []): void {
  onlyKnown(report, path, image, ['alt_text', 'image_url', 'slack_file', ...keys]);
  if (required(report, path, image, 'alt_text')) {
    checkString(report, `${path}/alt_text`, image['alt_text'], { max: 2000 });
  }
  if ((image['image_url'] === undefined) === (image['slack_file'] === undefined)) {
    report.add(path, 'must define exactly one of `image_url` and `slack_file`');
  }
  checkString(report, `${path}/image_url`, image['image_url'], { min: 1, max: 3000 });
}

function chooser(initial: string, extra: readonly string[] = []): ElementCheck {
  return (report, path, element) => onlyKnown(report, path, element, [...ACTION, initial, ...extra]);
}

function choices(initial: string): ElementCheck {
  return (report, path, element) => {
    onlyKnown(report, path, element, ['action_id', 'confirm', 'focus_on_load', 'options', initial]);
    checkOptions(report, `${path}/options`, element['options'], { min: 1, max: 10 }, 'any');
  };
}

function written(extra: readonly string[] = []): ElementCheck {
  return (report, path, element) => onlyKnown(report, path, element, [...WRITTEN, ...extra]);
}

const CHANNEL = ['default_to_current_conversation', 'filter', 'response_url_enabled', 'max_selected_items'];

const CHECKS: Readonly<Record<string, ElementCheck>> = {
  button: checkButton,
  image: checkImage,
  checkboxes: choices('initial_options'),
  radio_buttons: choices('initial_option'),
  overflow(report, path, element) {
    onlyKnown(report, path, element, ['action_id', 'confirm', 'options']);
    checkOptions(report, `${path}/options`, element['options'], { min: 1, max: 5 }, 'plain');
  },
  static_select: checkStaticSelect,
  multi_static_select: checkStaticSelect,
  external_select: chooser('initial_option', ['min_query_length']),
  multi_external_select: chooser('initial_options', ['min_query_length', 'max_selected_items']),
  users_select: chooser('initial_user'),
  multi_users_select: chooser('initial_users', ['max_selected_items']),
  conversations_select: chooser('initial_conversation', CHANNEL),
  multi_conversations_select: chooser('initial_conversations', CHANNEL),
  channels_select: chooser('initial_channel', CHANNEL),
  multi_channels_select: chooser('initial_channels', CHANNEL),
  datepicker: chooser('initial_date'),
  datetimepicker: chooser('initial_date_time'),
  timepicker: chooser('initial_time', ['timezone']),
  plain_text_input(report, path, element) {
    onlyKnown(report, path, element, [...WRITTEN, 'multiline', 'min_length', 'max_length']);
    checkCount(report, `${path}/min_length`, element['min_length'], 0, 3000);
    checkCount(report, `${path}/max_length`, element['max_length'], 1, 3000);
    checkString(report, `${path}/initial_value`, element['initial_value'], { max: 3000 });
  },
  email_text_input: written(),
  url_text_input: written(),
  number_input(report, path, element) {
    onlyKnown(report, path, element, [...WRITTEN, 'is_decimal_allowed', 'min_value', 'max_value']);
    required(report, path, element, 'is_decimal_allowed');
  },
  rich_text_input(report, path, element) {
    onlyKnown(report, path, element, [...WRITTEN, 'min_lines', 'max_lines']);
    if (element['initial_value'] !== undefined)
      checkRichText(report, `${path}/initial_value`, element['initial_value']);
  },
  file_input: (report, path, element) => onlyKnown(report, path, element, ['action_id', 'filetypes', 'max_files']),
  workflow_button(report, path, element) {
    onlyKnown(report, path, element, ['action_id', 'confirm', 'text', 'workflow', 'style', 'accessibility_label']);
    if (required(report, path, element, 'text')) {
      checkText(report, `${path}/text`, element['text'], { kind: 'plain', max: 75 });
    }
    required(report, path, element, 'workflow');
  },
  feedback_buttons(report, path, element) {
    onlyKnown(report, path, element, ['action_id', 'positive_button', 'negative_button']);
    required(report, path, element, 'positive_button');
    required(report, path, element, 'negative_button');
  },
  icon_button(report, path, element) {
    onlyKnown(report, path, element, [
      'action_id',
      'confirm',
      'icon',
      'text',
      'accessibility_label',
      'value',
      'visible_to_user_ids',
    ]);
    required(report, path, element, 'icon');
    if (required(report, path, element, 'text'))
      checkText(report, `${path}/text`, element['text'], { kind: 'plain', max: 75 });
  },
};

function checkConfirm(report: Report, path: string, confirm: unknown): void {
  if (!isObject(confirm)) {
    report.add(path, 'must provide an object');
    return;
  }
  onlyKnown(report, path, confirm, ['title', 'text', 'confirm', 'deny', 'style']);
  checkText(report, `${path}/title`, confirm['title'], { kind: 'plain', max: 100 });
  if (required(report, path, confirm, 'text'))
    checkText(report, `${path}/text`, confirm['text'], { kind: 'any', max: 300 });
  checkText(report, `${path}/confirm`, confirm['confirm'], { kind: 'plain', max: 30 });
  checkText(report, `${path}/deny`, confirm['deny'], { kind: 'plain', max: 30 });
  checkEnum(report, `${path}/style`, confirm['style'], ['primary', 'danger']);
}

/** One element at a place that allows the types in `allowed`. */
export function checkElement(report: Report, path: string, element: unknown, allowed: readonly string[]): void {
  if (!isObject(element)) {
    report.add(path, 'must provide an object');
    return;
  }
  const type = element['type'];
  const check = typeof type === 'string' && allowed.includes(type) ? CHECKS[type] : undefined;
  if (check === undefined) {
    report.add(`${path}/type`, `unsupported type: ${String(type)}`);
    return;
  }
  check(report, path, element);
  checkString(report, `${path}/action_id`, element['action_id'], { min: 1, max: 255 });
  checkText(report, `${path}/placeholder`, element['placeholder'], { kind: 'plain', max: 150 });
  if (element['confirm'] !== undefined) checkConfirm(report, `${path}/confirm`, element['confirm']);
}
