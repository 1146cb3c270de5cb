// A user's project: the packages as they are published and their
// dependencies, without our development dependencies.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Every entry of every public package: `@attn/core`, `@attn/core/reference`, … */
export function entries() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const { exports } = json(join(root, 'packages', name, 'package.json'));
    return Object.keys(exports).map((entry) => `@attn/${name}${entry.slice(1)}`);
  });
}

/** Puts all packages into `folder`, with their dependencies. */
export function installPackages(folder) {
  const modules = join(folder, 'node_modules');
  for (const name of readdirSync(join(root, 'packages'))) {
    const home = join(root, 'packages', name);
    const target = join(modules, '@attn', name);
    mkdirSync(target, { recursive: true });
    for (const part of ['package.json', 'dist']) {
      cpSync(join(home, part), join(target, part), {
        recursive: true,
        filter: (file) => !file.endsWith('.map'),
      });
    }
    const {
      dependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = json(join(home, 'package.json'));
    const needed = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
    for (const other of [...Object.keys(dependencies), ...needed]) link(home, other, modules);
  }
  link(join(root, 'packages/core'), '@types/node', modules);
}

function link(home, name, modules) {
  const place = join(modules, name);
  if (name.startsWith('@attn/') || existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(realpathSync(join(home, 'node_modules', name)), place, 'dir');
}

/** Writes the project's files: its settings, and a module that imports every entry. */
export function writeProject(folder, compilerOptions, imported, code = '') {
  mkdirSync(folder, { recursive: true });
  const names = imported.map(
    (entry, index) => `import * as entry${index} from '${entry}';\nexport { entry${index} };`,
  );
  writeFileSync(join(folder, 'index.ts'), [...names, code].join('\n'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', type: 'module' }));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['index.ts'] }));
}
