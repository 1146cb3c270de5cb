/**
 * Keeps the page for times without a network, and makes it cross-origin isolated on servers that cannot send
 * the headers for it, so that WebAssembly has all cores there, too.
 */
declare const self: ServiceWorkerGlobalScope;
/** The build fills both in. */
declare const __FILES__: readonly string[];
declare const __BUILD__: string;

const CACHE = `attn-playground-${__BUILD__}`;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([...__FILES__]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(removeOldBuilds().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.headers.has('range') || !url.href.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request));
});

/**
 * The page itself comes from the network where there is one; its parts have the build's hash in their names.
 */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const isPage = request.mode === 'navigate';
  const saved = await cache.match(isPage ? './' : request, { ignoreSearch: isPage });
  if (saved !== undefined && !isPage) return isolated(saved);
  try {
    const fresh = await fetch(request);
    if (fresh.ok && fresh.status === 200) await cache.put(isPage ? './' : request, fresh.clone());
    return isolated(fresh);
  } catch (error) {
    if (saved !== undefined) return isolated(saved);
    throw error;
  }
}

/** The response with the headers that isolate a page. */
function isolated(response: Response): Response {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

async function removeOldBuilds(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('attn-playground-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}
