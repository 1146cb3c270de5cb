// The projects of examples/ that need a runtime or a framework of their own.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { chromium } from '@attn/tooling-vitest/chromium';
import { chromium as playwright } from 'playwright-core';
import { BUN, DENO, inRuntime } from '../../../runtimes/versions.mjs';
import { press, projectOf } from '../../projects/projects.mjs';
import { whileServing } from '../background.mjs';
import { run } from '../run.mjs';
import { NEXT, NEXT_TOOLS } from './next.mjs';

/** Lines that a project printed or showed, if they are as expected. */
function expectLine(said, expected) {
  if (!expected.test(said)) throw new Error(`[attn/tooling] expected ${expected}, got ${said}`);
  return said.trim().split('\n');
}

/** Starts the server of the example in Bun, and sends it one token. */
const CLIENT = `import server from './server.ts';
const served = Bun.serve({ ...server, port: 0 });
const body = Float32Array.from({ length: 512 }, (_, i) => i);
const post = async (numbers) => fetch(served.url, { method: 'POST', body: numbers });
const same = new Float32Array(await (await post(body)).arrayBuffer());
console.log(same.length + ' numbers, ' + (same.every((value, i) => value === i) ? 'the same' : 'others'));
console.log((await post(body.subarray(1))).status);
process.exit();
`;

async function inNext(folder) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
  await run(process.execPath, [NEXT, 'build'], { cwd: folder, env });
  return whileServing(folder, NEXT, ['start', '--port', '0'], async (url) => {
    const browser = await playwright.launch(await chromium());
    try {
      const text = await press(await browser.newPage(), url);
      return expectLine(text, /^page: 1024 tokens by wasm, server: 1024 tokens by wasm$/);
    } finally {
      await browser.close();
    }
  });
}

export const examples = [
  { name: 'examples/next', tools: NEXT_TOOLS, ways: { 'page and route': inNext }, ...projectOf('next') },
  {
    name: 'examples/deno',
    ways: {
      [DENO.name]: async (folder) =>
        expectLine(await run('npx', inRuntime(DENO, 'main.ts'), { cwd: folder }), /^2048 tokens by wasm\n$/),
    },
    ...projectOf('deno'),
  },
  {
    name: 'examples/bun',
    ways: {
      async [BUN.name](folder) {
        writeFileSync(join(folder, 'client.ts'), CLIENT);
        const said = await run('npx', inRuntime(BUN, 'client.ts'), { cwd: folder });
        // A token that sees only itself is its own attention.
        return expectLine(said, /^512 numbers, the same\n400\n$/);
      },
    },
    ...projectOf('bun'),
  },
];
