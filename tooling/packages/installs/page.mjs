// A project as a page: Vite's production build, opened in headless Chromium under a strict
// Content-Security-Policy.
import { join } from 'node:path';
import { ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { serve } from '@attn/tooling-vitest/serve';
import { build } from 'vite';
import { visit } from './browser.mjs';

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** Builds the project in `folder` into its `dist`, with Vite's defaults but for these `build` options. */
export async function buildPage(folder, options) {
  await build({ root: folder, configFile: false, logLevel: 'error', build: options });
}

/**
 * Opens the built page, and returns what its check found. Throws what it threw, and what broke the policy.
 */
export async function openPage(folder, { isolated }) {
  const headers = { 'content-security-policy': POLICY, ...(isolated && ISOLATION_HEADERS) };
  const server = await serve({ '/': join(folder, 'dist') }, headers);
  try {
    const { lines, warnings, complaints, isIsolated, isStrict } = await visit(server.url);
    if (isIsolated !== isolated)
      throw new Error(`[attn/tooling] expected crossOriginIsolated to be ${isolated}`);
    if (warnings.length + complaints.length > 0) throw new Error([...warnings, ...complaints].join('\n'));
    if (!isStrict)
      throw new Error(
        '[attn/tooling] expected the page to be under its policy, but it may make code of text',
      );
    return lines;
  } finally {
    server.close();
  }
}
