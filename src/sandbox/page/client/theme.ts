/** Light or dark: what the person chose, else what their system says. */
import { useEffect, useState } from 'react';

export type Theme = 'light' | 'dark';
const KEY = 'theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme {
  const kept = localStorage.getItem(KEY);
  if (kept === 'light' || kept === 'dark') return kept;
  return dark.matches ? 'dark' : 'light';
}

// Before anything is drawn: who likes the dark sees no flash of light.
document.documentElement.dataset['theme'] = chosen();

export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState(chosen);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  useEffect(() => {
    const follow = () => setTheme(chosen());
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, []);
  function turn(): void {
    const next = theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem(KEY, next);
    setTheme(next);
  }
  return [theme, turn];
}
