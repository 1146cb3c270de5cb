// `npm run release-dry-run`: tries the next release in a copy. Versions are raised as
// the changesets say, every package is packed, and the result is checked: one version
// for all, changelogs, and no dependency that only this workspace understands.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const copy = mkdtempSync(join(tmpdir(), 'attn-release-'));

/** Output of a command in the copy; throws when it fails. */
function run(command, args, cwd = copy) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Copies the sources that git has, the built packages, and makes a history for changesets. */
function copySources() {
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    const dist = join(root, 'packages', name, 'dist');
    if (existsSync(dist)) cpSync(dist, join(copy, 'packages', name, 'dist'), { recursive: true });
  }
  // Only this tool is linked: pnpm may install into the copy's
  // node_modules, which must not lead out of the copy.
  mkdirSync(join(copy, 'node_modules/@changesets'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@changesets/cli'), join(copy, 'node_modules/@changesets/cli'));
  const git = (...args) =>
    run('git', [
      '-c',
      'user.name=dry run',
      '-c',
      'user.email=dry@run',
      '-c',
      'commit.gpgsign=false',
      ...args,
    ]);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=before the release');
}

/** Problems of a package as it would be published. */
function problems(folder, version) {
  const { name } = json(join(folder, 'package.json'));
  run('pnpm', ['--config.verify-deps-before-run=false', 'pack', '--pack-destination', copy], folder);
  const tarball = join(copy, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  if (!existsSync(tarball))
    return [
      `expected ${basename(tarball)}, got ${readdirSync(copy).filter((file) => file.endsWith('.tgz'))}`,
    ];
  const files = run('tar', ['--list', '--file', tarball]).trim().split('\n');
  const manifest = JSON.parse(
    run('tar', ['--extract', '--to-stdout', '--file', tarball, 'package/package.json']),
  );
  const missing = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter(
    (file) => !files.includes(`package/${file}`),
  );
  const stray = files.filter((file) =>
    /\.test\.|\.testing\.|tsbuildinfo|node_modules|vitest\.config/.test(file),
  );
  const ranges = { ...manifest.dependencies, ...manifest.peerDependencies };
  const wrong = Object.entries(ranges).filter(([dependency, range]) =>
    dependency.startsWith('@attn/') ? range !== `^${version}` : /^(workspace|catalog|file|link):/.test(range),
  );
  return [
    ...(existsSync(join(folder, 'CHANGELOG.md')) ? [] : ['no CHANGELOG.md was written']),
    ...missing.map((file) => `lacks ${file}`),
    ...stray.map((file) => `should not have ${file}`),
    ...wrong.map(([dependency, range]) => `depends on ${dependency} ${range}`),
  ];
}

try {
  copySources();
  run('changeset', ['version']);
  const folders = readdirSync(join(copy, 'packages')).map((name) => join(copy, 'packages', name));
  const publics = folders.filter(
    (folder) => existsSync(join(folder, 'package.json')) && !json(join(folder, 'package.json')).private,
  );
  const { version } = json(join(copy, 'packages/core/package.json'));
  if (version === json(join(root, 'packages/core/package.json')).version) {
    console.log(`No changeset asks for a release after ${version}.`);
  } else {
    let problemCount = 0;
    for (const folder of publics) {
      const { name, version: own } = json(join(folder, 'package.json'));
      const wrong =
        own === version ? problems(folder, version) : [`expected version ${version} like core, got ${own}`];
      problemCount += wrong.length;
      console.log(
        `${wrong.length === 0 ? '✓' : '✗'} ${name} ${own}${wrong.map((text) => `\n    ${text}`).join('')}`,
      );
    }
    process.exitCode = problemCount === 0 ? 0 : 1;
  }
} finally {
  rmSync(copy, { recursive: true });
}
