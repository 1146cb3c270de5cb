/**
 * Builds the site for its tests into a folder, with a small part of the API. A process of its own: VitePress
 * renders pages as in production.
 */
import { buildSite } from './build-site.ts';
import { doors } from './pages/doors.ts';

const [folder = '', base, repository] = process.argv.slice(2);
const few = ['@attn/auto', '@attn/wasm', '@attn/cpu'];
console.log(
  await buildSite({ folder, base, repository, api: doors().filter(({ name }) => few.includes(name)) }),
);
