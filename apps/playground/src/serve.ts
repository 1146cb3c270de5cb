// `npm run playground`: serves the built page on this machine, and prints its address.
import { join } from 'node:path';
import { preview } from 'vite';

const HELP = `npm run playground [-- --port <port>]

Builds the playground, serves it on this machine, and prints its address. Ctrl+C ends it.

  --port <port>  Default: 4173, or the next one that is free
`;

const args = process.argv.slice(2);

/** The port of the arguments; undefined where there is none. Prints what is wrong, and ends the process. */
function portOf([name, value, ...more]: readonly string[]): number | undefined {
  if (name === undefined) return undefined;
  const port = Number(value);
  if (name === '--port' && more.length === 0 && Number.isInteger(port) && port > 0 && port < 65_536)
    return port;
  console.error(`[attn/playground] expected --port and a number from 1 to 65535, got ${args.join(' ')}`);
  process.exit(2);
}

if (args.includes('--help')) console.log(HELP);
else {
  const port = portOf(args);
  const server = await preview({
    root: join(import.meta.dirname, '..'),
    logLevel: 'warn',
    preview: { port, strictPort: port !== undefined, host: '127.0.0.1' },
  });
  const [address] = server.resolvedUrls?.local ?? [];
  console.log(`The playground is at ${address} (Ctrl+C ends it)`);
  const close = (): void => void server.close().then(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(signal, close);
}
