/** `npm run site`: builds the site and prints its folder, or its address. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serve } from 'vitepress';
import { buildSite } from './build-site.ts';
import { repositoryOfManifest } from './repository.ts';

const HELP = `npm run site [-- options]

Builds the docs as a site of static files, with the API, a search and the playground, and prints its folder.

  --serve             Serves it on this machine, and prints its address. Ctrl+C ends it
  --port <port>       Default: 4175
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
        port: { type: 'string', default: '4175' },
        base: { type: 'string', default: '/' },
        repository: { type: 'string', default: repositoryOfManifest() },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
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
    await serve({ root: join(folder, 'pages'), base, port });
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(signal, () => process.exit(0));
  }
}
