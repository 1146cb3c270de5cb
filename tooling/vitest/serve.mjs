// Serves folders on this machine, with headers of your choice.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
};

/**
 * Starts a web server.
 * @param folders by their path on the server: `{ '/': 'dist', '/goldens/': … }`
 * @returns the address, and a function that ends the server
 */
export async function serve(folders, headers = {}) {
  const places = Object.entries(folders).toSorted(([a], [b]) => b.length - a.length);
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    const [at, folder] = places.find(([prefix]) => path.startsWith(prefix)) ?? places[0];
    const name = path.slice(at.length);
    const file = join(folder, name === '' || name.endsWith('/') ? `${name}index.html` : name);
    try {
      const body = await readFile(file);
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, ...headers }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
