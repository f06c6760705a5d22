/** Small pictures, drawn here so that nothing is fetched. All are decoration; the words stand beside them. */
import type { ReactNode } from 'react';

const PATHS = {
  hash: <path d="M6.5 2.5 5 13.5M11 2.5 9.5 13.5M2.8 5.8h11M2.2 10.2h11" />,
  home: <path d="M2.5 7.5 8 2.5l5.5 5v6h-4v-4h-3v4h-4z" />,
  thread: <path d="M13.5 10.5a1 1 0 0 1-1 1h-6l-3 2.5v-10a1 1 0 0 1 1-1h8a1 1 0 0 1 1 1z" />,
  close: <path d="m3.5 3.5 9 9m0-9-9 9" />,
  send: <path d="M2.5 13.5 14 8 2.5 2.5l1.5 5h5.5H4z" fill="currentColor" />,
  moon: <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1m8 8 1 1M3 13l1-1m8-8 1-1" />
    </>
  ),
  eye: (
    <>
      <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z" />
      <circle cx="8" cy="8" r="1.8" />
    </>
  ),
  globe: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M2 8h12M8 2c4 3.5 4 8.5 0 12-4-3.5-4-8.5 0-12z" />
    </>
  ),
  down: <path d="M8 3v9.5m-4-4 4 4 4-4" />,
  bolt: <path d="M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z" />,
  server: (
    <>
      <rect x="2" y="3" width="12" height="4.5" rx="1" />
      <rect x="2" y="8.5" width="12" height="4.5" rx="1" />
      <path d="M4.5 5.2h.1M4.5 10.7h.1" />
    </>
  ),
  check: <path d="m3 8.5 3.5 3.5 6.5-7.5" />,
  alert: <path d="M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1" />,
  chevron: <path d="m4 6 4 4.5L12 6" />,
  dots: <path d="M3.5 8h.1M8 8h.1M12.5 8h.1" strokeWidth="2.4" />,
  picture: <path d="M2.5 3.5h11v9h-11zM3 11.5l3.2-3.5 2.3 2.5 2-2 2.6 3M10.5 6.2h.1" />,
  file: <path d="M4 2h5.5L12.5 5v9H4zM9.3 2.2V5.2h3" />,
  download: <path d="M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.3h10" />,
  plug: <path d="M5.5 1.5v3m5-3v3m-7 0h9v2.5a4.5 4.5 0 0 1-9 0zM8 11.5v3" />,
} satisfies Readonly<Record<string, ReactNode>>;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="icon"
      fill="none"
      height={size}
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      strokeWidth="1.4"
      viewBox="0 0 16 16"
      width={size}
    >
      {PATHS[name]}
    </svg>
  );
}

/** The bot's mark: a server, and the way to the next one. */
export function BotMark() {
  return (
    <svg
      aria-hidden="true"
      fill="none"
      stroke="#fff"
      strokeLinecap="round"
      strokeLinejoin="round"
      strokeWidth="2.4"
      viewBox="0 0 36 36"
    >
      <ellipse cx="12" cy="11" rx="5.5" ry="2.6" />
      <path d="M6.5 11v12.5c0 1.4 2.5 2.6 5.5 2.6M17.5 11v4M6.5 17.2c0 1.4 2.5 2.6 5.5 2.6" />
      <path d="M16 23h13m-4.5-4.5L29 23l-4.5 4.5" />
    </svg>
  );
}
