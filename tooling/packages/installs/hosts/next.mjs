// Next, with either of its bundlers: a page that computes in the browser, and one that the server renders for
// each request.
import { ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { whileServing } from '../background.mjs';
import { visit } from '../browser.mjs';
import { run } from '../run.mjs';
import { ALL_THREADS, expectSaid } from './expect.mjs';

const headers = Object.entries(ISOLATION_HEADERS).map(([key, value]) => ({ key, value }));

const FILES = {
  'next.config.mjs': `export default { headers: async () => [{ source: '/(.*)', headers: ${JSON.stringify(headers)} }] };\n`,
  'app/layout.jsx': `export default function Layout({ children }) {
  return <html><body>{children}</body></html>;
}
`,
  'app/page.jsx': `'use client';
import { useEffect } from 'react';
import { check } from '../check.mjs';
import { expected } from '../expected.mjs';
import { start } from '../start.mjs';

export default function Page() {
  useEffect(() => {
    check(start, expected).then(
      (lines) => (globalThis.result ??= { lines }),
      (error) => (globalThis.result = { error: String(error?.stack ?? error) }),
    );
  }, []);
  return <p>An application</p>;
}
`,
  'app/server/page.jsx': `import { check } from '../../check.mjs';
import { expected } from '../../expected.mjs';
import { start } from '../../start.mjs';

export const dynamic = 'force-dynamic';

export default async function Page() {
  const lines = await check(start, expected).catch((error) => [String(error?.stack ?? error)]);
  return <pre>{lines.join('\\n')}</pre>;
}
`,
};

/** The script of Next's command line. */
export const NEXT = 'node_modules/next/dist/bin/next';

/** What a project of Next is built with. */
export const NEXT_TOOLS = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' };

async function rendered(url) {
  const html = await (await fetch(`${url}server`)).text();
  const [, text = html] = /<pre>(.*?)<\/pre>/s.exec(html) ?? [];
  return { lines: text.replaceAll('&#x27;', "'").replaceAll('&quot;', '"').split('\n') };
}

function host(bundler) {
  return {
    name: `Next 16, ${bundler}`,
    tools: NEXT_TOOLS,
    files: FILES,
    ways: {
      async 'page and server'(folder) {
        const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
        await run(process.execPath, [NEXT, 'build', `--${bundler}`], { cwd: folder, env });
        return whileServing(folder, NEXT, ['start', '--port', '0'], async (url) => [
          ...expectSaid(await visit(url), { wasm: ALL_THREADS }),
          ...expectSaid(await rendered(url), { wasm: /^wasm: / }).map((line) => `server: ${line}`),
        ]);
      },
    },
  };
}

export const nexts = ['turbopack', 'webpack'].map(host);
