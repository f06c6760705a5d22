/** Where people write: words for everybody, or a command. Tab completes, arrow up brings back what was typed before. */
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { COMMAND, complete, migrationsIn, type Suggestion } from './commands.ts';
import { Icon } from './icons.tsx';
import { useTyped } from './typed.ts';
import { useWidth } from './width.ts';
import { useWorkspace } from './workspace.tsx';

interface ComposerProps {
  readonly channel: string;
  readonly name: string;
  readonly threadTs: string | null;
  /** A text put there by a click elsewhere; a new object each time. */
  readonly offered?: { readonly text: string } | null;
}

export function Composer({ channel, name, threadTs, offered = null }: ComposerProps) {
  const { act, me, state } = useWorkspace();
  const [text, setText] = useState('');
  const [active, setActive] = useState(-1);
  const [closed, setClosed] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const typed = useTyped(me.id);
  const input = useRef<HTMLTextAreaElement>(null);
  const list = useId();
  const note = useId();
  const known = { servers: state.world.servers, migrations: migrationsIn(state) };
  const suggestions = closed || threadTs !== null ? [] : complete(text, known);
  const isCommand = text.startsWith('/');
  const roomy = useWidth() >= 700;

  useEffect(() => {
    if (offered === null) return;
    setText(offered.text);
    input.current?.focus();
  }, [offered]);

  useEffect(() => {
    const area = input.current;
    if (area === null) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, 180)}px`;
  }, [text]);

  function write(next: string): void {
    setText(next);
    setActive(-1);
    setClosed(false);
    setProblem(null);
    typed.leave();
  }

  function accept(suggestion: Suggestion): void {
    write(suggestion.text);
    input.current?.focus();
  }

  async function submit(): Promise<void> {
    const whole = text.trim();
    if (whole === '') return;
    const wrong = threadTs === null ? whyNoCommand(whole) : isCommand ? 'Slack takes no commands in a thread.' : null;
    setProblem(wrong);
    if (wrong !== null) return;
    typed.add(whole);
    write('');
    const { id: user } = me;
    if (isCommand) await act({ kind: 'command', user, channel, text: whole.slice(COMMAND.length).trim() });
    else await act({ kind: 'say', user, channel, text: whole, threadTs });
  }

  function back(step: 1 | -1): boolean {
    const found = typed.go(step, text);
    if (found === null) return false;
    setText(found);
    setClosed(true);
    return true;
  }

  function onKey(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return;
    const { key } = event;
    const open = suggestions.length > 0;
    const chosen = suggestions[active];
    const first = suggestions[0];
    if (open && (key === 'ArrowDown' || key === 'ArrowUp')) {
      event.preventDefault();
      const step = key === 'ArrowDown' ? 1 : -1;
      setActive(
        active < 0 && step < 0 ? suggestions.length - 1 : (active + step + suggestions.length) % suggestions.length,
      );
    } else if (key === 'ArrowUp' && !text.slice(0, input.current?.selectionStart ?? 0).includes('\n')) {
      if (back(1)) event.preventDefault();
    } else if (key === 'ArrowDown' && typed.isBack()) {
      if (back(-1)) event.preventDefault();
    } else if (key === 'Tab' && !event.shiftKey && first !== undefined) {
      event.preventDefault();
      accept(chosen ?? first);
    } else if (key === 'Escape' && open) {
      event.preventDefault();
      setClosed(true);
    } else if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      // Half a command's name is finished rather than sent.
      const half = !text.includes(' ') && isCommand && text !== COMMAND ? first : undefined;
      const taken = chosen ?? half;
      if (taken === undefined) void submit();
      else accept(taken);
    }
  }

  return (
    <div className="composer">
      {suggestions.length > 0 && (
        <div className="suggestions">
          <div className="suggestions-head">
            <span>Commands</span>
            <span>
              <kbd>Tab</kbd> completes · <kbd>↑↓</kbd> choose · <kbd>Esc</kbd> closes
            </span>
          </div>
          <div aria-label="Completions" id={list} role="listbox">
            {suggestions.map((one, place) => (
              // The keyboard is the text field's: it moves through this list by aria-activedescendant.
              <div
                aria-selected={place === active}
                className="suggestion"
                id={`${list}-${place}`}
                key={one.label}
                onMouseDown={(event) => {
                  event.preventDefault();
                  accept(one);
                }}
                role="option"
                tabIndex={-1}
              >
                <span className="suggestion-label">{one.label}</span>
                <span className="suggestion-usage">{one.usage}</span>
                <span className="suggestion-about">{one.about}</span>
              </div>
            ))}
          </div>
        </div>
      )}
      <div className={`composer-box${isCommand ? ' composer-command' : ''}`}>
        <textarea
          aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined}
          aria-autocomplete="list"
          aria-controls={suggestions.length > 0 ? list : undefined}
          aria-describedby={note}
          aria-label={threadTs === null ? `Message #${name}` : 'Reply in the thread'}
          autoFocus
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKey}
          placeholder={threadTs === null ? `Message #${name}${roomy ? `, or type ${COMMAND}` : ''}` : 'Reply…'}
          ref={input}
          rows={1}
          spellCheck={!isCommand}
          value={text}
        />
        <button
          aria-label="Send"
          className="send"
          disabled={text.trim() === ''}
          onClick={() => void submit()}
          type="button"
        >
          <Icon name="send" />
        </button>
      </div>
      <p className="composer-note" id={note} role={problem === null ? undefined : 'alert'}>
        {problem ?? (
          <>
            as <b>{me.name}</b> · <kbd>Enter</kbd> sends
            {threadTs === null && (
              <>
                {' '}
                · <kbd>↑</kbd> what you typed before
              </>
            )}
          </>
        )}
      </p>
    </div>
  );
}

function whyNoCommand(text: string): string | null {
  if (!text.startsWith('/')) return null;
  const word = text.split(/\s/)[0] ?? '';
  return word === COMMAND ? null : `${word} is not a command of this workspace. Type ${COMMAND}.`;
}
