/** The service worker, which keeps the page for times without a network. */
import { signal } from '@preact/signals';

/** Whether loading the page again would isolate it, because a service worker adds the headers by then. */
export const isolatesOnReload = signal(false);

/** Registers the service worker, where the browser has some; without one the page works, online. */
export function keepForOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker
    .register(new URL('./service-worker.js', document.baseURI))
    .then(() => navigator.serviceWorker.ready)
    .then(() => {
      isolatesOnReload.value = !crossOriginIsolated && isSecureContext;
    })
    .catch(() => {}); // private windows refuse it
}
