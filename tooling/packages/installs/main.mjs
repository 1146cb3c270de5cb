// `npm run installs [-- part of a name]`: every combination of packages, installed from its tarballs into a
// project of its own, works in every runtime that it is for; and one combination works in every bundler and
// host that applications are built with. Prints a line for each and ends with 1 if one does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';
import { BUN, DENO, inRuntime, nodePackage, OLDER_NODE } from '../../runtimes/versions.mjs';
import { BUNDLED, COMBINATIONS } from './combinations.mjs';
import { freshProject, packAll } from './fresh-project.mjs';
import { HOSTS } from './hosts/index.mjs';
import { buildPage, openPage } from './page.mjs';
import { run } from './run.mjs';

const olderNode = nodePackage(OLDER_NODE);

/** Each runtime's ways to run a project; each gives the lines that the project printed. */
const RUNTIMES = {
  node: {
    [`Node ${process.versions.node}`]: (folder) => run(process.execPath, ['main.mjs'], { cwd: folder }),
    ...(olderNode && {
      [`Node ${OLDER_NODE}`]: (folder) =>
        run('npx', inRuntime({ spec: olderNode, command: ['node'] }, 'main.mjs'), { cwd: folder }),
    }),
  },
  deno: { [DENO.name]: (folder) => run('npx', inRuntime(DENO, 'main.mjs'), { cwd: folder }) },
  bun: { [BUN.name]: (folder) => run('npx', inRuntime(BUN, 'main.mjs'), { cwd: folder }) },
  page: {
    'Chromium, isolated': (folder) => openPage(folder, { isolated: true }),
    'Chromium, not isolated': (folder) => openPage(folder, { isolated: false }),
  },
};

const [part = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'attn-installs-'));
let failures = 0;
try {
  await useSoftwareVulkan();
  const tarballs = await packAll(join(folder, 'tarballs'));
  for (const [index, combination] of COMBINATIONS.entries()) {
    if (!combination.name.includes(part)) continue;
    console.log(combination.name);
    const project = join(folder, String(index));
    await attempt('npm install', () => freshProject(project, combination, tarballs));
    for (const host of combination.hosts) {
      if (host === 'page') await attempt('vite build', () => buildPage(project, combination.build));
      for (const [name, open] of Object.entries(RUNTIMES[host])) await attempt(name, () => open(project));
    }
  }
  for (const [index, { name, ways, ...own }] of HOSTS.entries()) {
    if (!name.includes(part)) continue;
    console.log(name);
    const project = join(folder, `host-${index}`);
    await attempt('npm install', () => freshProject(project, { ...BUNDLED, ...own }, tarballs));
    for (const [way, open] of Object.entries(ways)) await attempt(way, () => open(project));
    rmSync(project, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(failures === 0 ? 'Everything works.' : `${failures} failed.`);
process.exitCode = failures === 0 ? 0 : 1;

async function attempt(what, work) {
  try {
    const said = await work();
    const lines = typeof said === 'string' ? said.trim().split('\n') : (said ?? []);
    console.log(`  ✓ ${what}${lines.map((line) => `\n      ${line}`).join('')}`);
  } catch (error) {
    failures++;
    console.log(`  ✗ ${what}: ${error.message.split('\n').join('\n      ')}`);
  }
}
