/** `npm run site`: builds the site and prints its folder, or its address. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { preview } from 'vite';
import { buildSite } from './build-site.ts';
import { repositoryOfManifest } from './repository.ts';

const HELP = `npm run site [-- options]

Builds the docs as a site of static files, with the API, a search and the playground, and prints its folder.

  --serve             Serves it on this machine, and prints its address. Ctrl+C ends it
  --port <port>       Default: 4173, or the next one that is free
  --base <path>       Path of the site on its server, such as /attn/. Default: /
  --repository <url>  Where links to source files lead, such as https://github.com/who/what
                      Default: "repository" of package.json; without one they are plain text
`;

/** The options of the arguments. Prints what is wrong, and ends the process. */
function optionsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean' },
        serve: { type: 'boolean' },
        port: { type: 'string' },
        base: { type: 'string', default: '/' },
        repository: { type: 'string', default: repositoryOfManifest() },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
      throw new Error(`expected --port and a number from 1 to 65535, got ${values.port}`);
    if (!/^\/(?:.*\/)?$/.test(values.base))
      throw new Error(`expected --base and a path that begins and ends with /, got ${values.base}`);
    return { ...values, port };
  } catch (error) {
    console.error(`[attn/site] ${(error as Error).message}`);
    process.exit(2);
  }
}

const { help, serve: isServed, port, base, repository } = optionsOf(process.argv.slice(2));
if (help) console.log(HELP);
else {
  const folder = join(import.meta.dirname, '../dist');
  const site = await buildSite({ folder, base, ...(repository !== undefined && { repository }) });
  if (!isServed) console.log(site);
  else {
    const server = await preview({
      configFile: false,
      appType: 'mpa',
      base,
      build: { outDir: site },
      logLevel: 'warn',
      preview: { host: '127.0.0.1', ...(port !== undefined && { port, strictPort: true }) },
    });
    console.log(`The site is at ${server.resolvedUrls?.local[0]} (Ctrl+C ends it)`);
    const close = (): void => void server.close().then(() => process.exit(0));
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(signal, close);
  }
}
