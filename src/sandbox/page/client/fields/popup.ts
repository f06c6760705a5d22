/** A list that opens at its field: above everything, forms included, and where there is room. */
import { type RefObject, useLayoutEffect } from 'react';

const GAP = 4;
const MOST = 280;
const EDGE = 8;

export function place(list: HTMLElement, anchor: HTMLElement, least: number): void {
  const at = anchor.getBoundingClientRect();
  const below = innerHeight - at.bottom - GAP - EDGE;
  const above = at.top - GAP - EDGE;
  const up = below < Math.min(MOST, list.scrollHeight) && above > below;
  const width = Math.min(Math.max(at.width, least), innerWidth - 2 * EDGE);
  list.style.width = `${width}px`;
  list.style.left = `${Math.max(EDGE, Math.min(at.left, innerWidth - width - EDGE))}px`;
  list.style.maxHeight = `${Math.min(MOST, up ? above : below)}px`;
  list.style.top = up ? 'auto' : `${at.bottom + GAP}px`;
  list.style.bottom = up ? `${innerHeight - at.top + GAP}px` : 'auto';
}

/** Shows `list`, which has to be a manual popover, for as long as it is open. */
export function usePopup(
  list: RefObject<HTMLElement | null>,
  anchor: RefObject<HTMLElement | null>,
  open: boolean,
): void {
  useLayoutEffect(() => {
    const [own, field] = [list.current, anchor.current];
    if (!open || own === null || field === null) return undefined;
    own.showPopover();
    const follow = () => place(own, field, 220);
    follow();
    const observer = new ResizeObserver(follow);
    observer.observe(own);
    addEventListener('resize', follow);
    addEventListener('scroll', follow, { capture: true, passive: true });
    return () => {
      observer.disconnect();
      removeEventListener('resize', follow);
      removeEventListener('scroll', follow, { capture: true });
      if (own.isConnected) own.hidePopover();
    };
  }, [list, anchor, open]);
}
