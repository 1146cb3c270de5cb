// Packs every package as it would be published, and makes projects that have installed some of them, in the
// temporary folder.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.mjs';

const root = join(import.meta.dirname, '../../..');
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** The versions that the workspace's catalog gives third parties. */
const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
const versionOf = (name) => new RegExp(`^ {2}'?${name}'?: (.+)$`, 'm').exec(catalog)?.[1];

/** Packs all public packages into `folder`. Returns the tarball of each by its whole name. */
export async function packAll(folder) {
  mkdirSync(folder, { recursive: true });
  const tarballs = {};
  for (const name of readdirSync(join(root, 'packages'))) {
    const home = join(root, 'packages', name);
    if (!existsSync(join(home, 'package.json')) || json(join(home, 'package.json')).private) continue;
    const manifest = json(join(home, 'package.json'));
    await run('pnpm', ['pack', '--pack-destination', folder], { cwd: home });
    const file = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
    if (!existsSync(join(folder, file)))
      throw new Error(`[attn/tooling] pack ${name}: expected ${file} in ${folder}`);
    tarballs[manifest.name] = join(folder, file);
  }
  return tarballs;
}

/**
 * A project of its own in `folder` that has installed a combination from tarballs, and its peers and tools
 * from the registry. `tools` are versions by name, `files` texts by path.
 */
export async function freshProject(
  folder,
  { packages, peers = [], tools = {}, files = {}, backends, absent, start },
  tarballs,
) {
  mkdirSync(folder, { recursive: true });
  cpSync(join(import.meta.dirname, 'project'), folder, { recursive: true });
  const ours = Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]));
  const requested = packages.map((name) => `@attn/${name}`);
  const manifest = {
    name: 'fresh-project',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(requested.map((name) => [name, ours[name]])),
      ...Object.fromEntries(peers.map((name) => [name, versionOf(name)])),
      ...tools,
    },
    // What our packages depend on among themselves comes from the tarballs, too.
    overrides: ours,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(join(folder, 'start.mjs'), start);
  writeFileSync(
    join(folder, 'expected.mjs'),
    `export const expected = ${JSON.stringify({ backends, absent })};\n`,
  );
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  // Install scripts stay off: all that is needed is in the packages.
  const quietly = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quietly], { cwd: folder });
  const installed = readdirSync(join(folder, 'node_modules/@attn')).sort();
  if (installed.join() !== packages.toSorted().join())
    throw new Error(`[attn/tooling] expected ${packages.join()} to be installed, got ${installed.join()}`);
}
