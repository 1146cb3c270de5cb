/** The state that all parts of the page share, and its way into the address. */
import { effect, signal } from '@preact/signals';
import { FIRST_STATE, stateFromHash, stateToHash, type PageState } from './url.ts';

/** The state of the page. */
export const page = signal<PageState>(FIRST_STATE);

/** Changes some of the state. */
export function change(part: Partial<PageState>): void {
  page.value = { ...page.value, ...part };
}

/** Keeps the state and the address of the page equal. */
export function followAddress(): void {
  const read = (): void => void (page.value = stateFromHash(location.hash));
  read();
  window.addEventListener('hashchange', read);
  effect(() => {
    const hash = stateToHash(page.value);
    if (hash !== location.hash) history.replaceState(null, '', hash);
  });
}
